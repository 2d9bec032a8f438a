import { usesMember } from '../../agent/members/member-status.ts';
import { type AgentStatus, askAgent } from '../../agent/socket.ts';
import { openRunText } from '../../apply/run/earlier-run.ts';
import { type HostContext, readAndPlan } from '../../apply/run/host-context.ts';
import { type Status, type TrafficStatus, hostStatus } from '../../explain/status.ts';
import { type KeptConnections, keptConnections } from '../../explain/kept-connections.ts';
import { drainedGateways } from '../../explain/drained-gateways.ts';
import { tunnelStateText } from '../../explain/tunnel-state.ts';
import { withTunnelStates } from '../../explain/tunnel-status.ts';
import { type SessionStatus, sessionStatus, sessionText } from '../../explain/sessions/session-status.ts';
import { ownEntry } from '../../apply/run/own-drain.ts';
import { readDrained } from '../../host/files/drain-store.ts';
import { readRoutingState } from '../../host/bird/sessions.ts';
import type { Refusal, Warning } from '../../desired/redirect.ts';
import { probes } from '../../desired/checks/warnings/probes.ts';
import type { Prepared, Target } from '../../inspect/prepare.ts';
import type { HostOptions } from '../session/session.ts';
import { sessionOrApplied } from '../session/session-or-applied.ts';
import { type OwnDrainStatus, ownDrainLines } from '../terminal/drained-text.ts';
import { agentLines } from '../terminal/agent-text.ts';
import { directLines, leavingOf } from '../terminal/direct-text.ts';
import { membersText } from '../terminal/member-text.ts';
import { notReadyLines } from '../terminal/print-plan.ts';
import { formatTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface StatusOptions extends HostOptions {
  check?: true | undefined;
  json?: true | undefined;
}

export async function status(terminal: Terminal, options: StatusOptions): Promise<void> {
  const { session, fileProblem } = await sessionOrApplied(terminal, options);
  await printStatus(terminal, session, session.target, { ...options, fileProblem });
  if (fileProblem !== undefined) terminal.setExitStatus(2);
}

export async function printStatus(
  terminal: Terminal,
  context: HostContext,
  asked: Target,
  {
    check,
    json,
    fileProblem,
  }: Pick<StatusOptions, 'check' | 'json'> & { readonly fileProblem?: string | undefined },
): Promise<void> {
  const prepared = await readAndPlan(context, asked);
  const target = { ...asked, role: prepared.role };
  const openRun = await openRunText(context);
  const agent = await askAgent(context.places.agent);
  const found = {
    ...(await withTunnelStates(hostStatus(prepared), context.host.exec, prepared.facts.links)),
    ...(await routingOf(context, target)),
    ...(openRun === undefined ? {} : { openRun }),
    ...(agent === undefined ? {} : { agent }),
    ...unprobedOf(target, agent),
    ...(await keptOf(context, target, prepared, agent)),
    ...(await ownDrainOf(context, target, prepared)),
    refusals: prepared.desired.refusals,
    ...(fileProblem === undefined ? {} : { fileProblem }),
  };
  terminal.print(json ? JSON.stringify(found, null, 2) : formatStatus(found, terminal));
  if (check && !matchesFile(found)) terminal.setExitStatus(3);
}

function unprobedOf({ role }: Target, agent: AgentStatus | 'silent' | undefined): Pick<Found, 'unprobed'> {
  const unprobed = agent === undefined ? probes(role.failover, {}) : [];
  return unprobed.length > 0 ? { unprobed } : {};
}

async function routingOf({ host }: HostContext, { role }: Target): Promise<Pick<Found, 'routing'>> {
  if (!role.routed) return {};
  return { routing: sessionStatus(role, await readRoutingState(host)) };
}

/** Connections of members that get no new ones. */
async function keptOf(
  { host }: HostContext,
  { role }: Target,
  { desired }: Prepared,
  agent: AgentStatus | 'silent' | undefined,
): Promise<Pick<Found, 'kept'>> {
  if (typeof agent !== 'object') return {};
  const unused = agent.members.map((health) => {
    const others = health.members.filter((one) => !usesMember(health, one.host));
    return { gateway: health.gateway, family: health.family, hosts: others.map((one) => one.host) };
  });
  const kept = await keptConnections(role, desired.numbers, unused, host.exec);
  return kept.length > 0 ? { kept } : {};
}

async function ownDrainOf(
  { host, places }: HostContext,
  { role, gateways }: Target,
  { facts, counters }: Prepared,
): Promise<Pick<Found, 'drained'>> {
  if (!facts.drained) return {};
  const entry = ownEntry(await readDrained(host.files, places.drained), role.host);
  if (!entry) return {};
  const { since, user } = entry;
  return { drained: { since, user, gateways: drainedGateways(role, gateways, counters) } };
}

/** `status` is never refused: refusals of `apply` are part of its output. */
interface Found extends Status {
  readonly openRun?: string;
  readonly agent?: AgentStatus | 'silent';
  /** gateways whose members nobody probes; absent: none */
  readonly unprobed?: readonly Warning[];
  /** what is wrong with the file, while what was applied before it is shown */
  readonly fileProblem?: string;
  /** connections that stay with members out of use; absent: none */
  readonly kept?: readonly KeptConnections[];
  /** an operator has taken this member out of use, on this host; absent: not */
  readonly drained?: OwnDrainStatus;
  /** absent when the host exchanges no routes */
  readonly routing?: readonly SessionStatus[];
  readonly refusals: readonly Refusal[];
}

/** A network that leaves directly is as the file says, and not as it should be. */
function matchesFile({ differences, refusals, notReady, networks }: Found): boolean {
  return differences.length + refusals.length + notReady.length + leavingOf(networks).length === 0;
}

function stateText(found: Found, terminal: Terminal): string {
  const { differences, notReady, networks, fileProblem } = found;
  if (matchesFile(found)) {
    return fileProblem === undefined
      ? terminal.paint('green', 'as the file says')
      : terminal.paint('yellow', 'as the file says that was applied last');
  }
  const { length } = differences;
  const leaving = leavingOf(networks).length;
  if (length + notReady.length + found.refusals.length === 0) {
    return terminal.paint('red', 'past the gateway, as the file says (`when_down: direct`)');
  }
  const counts = [
    // Refusals without differences are reported below.
    ...(length > 0 || notReady.length === 0
      ? [`${length} ${length === 1 ? 'difference' : 'differences'}`]
      : []),
    ...(notReady.length > 0 ? [`${notReady.length} not ready`] : []),
    ...(leaving > 0 ? [`${leaving} past the gateway`] : []),
  ];
  return terminal.paint('red', `not as the file says, ${counts.join(', ')}`);
}

function formatStatus(found: Found, terminal: Terminal): string {
  const { host, differences, refusals, waiting, notReady, openRun, fileProblem, labels = [] } = found;
  const rows = trafficRows(found);
  return [
    `${host}: ${stateText(found, terminal)}`,
    ...(fileProblem === undefined ? [] : [`${terminal.paint('red', 'file:')} ${fileProblem}`]),
    ...differences.map((difference) => `  ${difference}`),
    ...refusals.flatMap(({ message, hint }) => [
      `${terminal.paint('red', 'apply is refused:')} ${message}`,
      `hint: ${hint}`,
    ]),
    ...notReadyLines(notReady, terminal),
    ...directLines(found, terminal),
    ...(openRun === undefined ? [] : [`${terminal.paint('yellow', 'note:')} ${openRun}`]),
    ...agentLines(found, terminal),
    ...(found.drained ? ownDrainLines(found.drained, terminal) : []),
    ...waiting.map((text) => `${terminal.paint('yellow', 'waiting:')} ${text}`),
    ...labels.map(({ message, hint }) => `${terminal.paint('yellow', 'label:')} ${message}\n  ${hint}`),
    ...(rows.length === 0 ? ['the file redirects nothing on this host'] : ['', formatTable([head, ...rows])]),
    ...belowTable(found),
  ].join('\n');
}

const head = ['network', 'subnets', 'goes to', 'packets', 'bytes', 'dropped'];

function trafficRows({ networks, gateways }: Found): (string | number)[][] {
  const row = (goesTo: string, one: TrafficStatus): (string | number)[] => {
    const { network, subnets, packets, bytes, dropped, spoofed = 0, byLabel } = one;
    const name = byLabel ? `${network} (by label)` : network;
    return [name, subnets.join(' '), goesTo, packets, bytes, dropped + spoofed];
  };
  return [
    ...networks.map((one) => row(`${one.gateway} at ${one.egress}`, one)),
    ...gateways.flatMap(({ uplink, snat, served }) =>
      served.map((one) => row(`${uplink}, snat ${snat}`, one)),
    ),
  ];
}

/** Routes to other gateways, tunnels, and published ports, which the table does not show. */
function belowTable(found: Found): string[] {
  const { networks, gateways, agent, kept = [], routing = [], closedPools = [] } = found;
  const lines = [
    ...closedPools.map((subnet) => `pool ${subnet} is closed, but for its redirected networks`),
    ...(typeof agent === 'object' ? agent.members.map((health) => membersText(health, kept)) : []),
    ...networks.flatMap(({ network, routes = [] }) =>
      routes.map(({ what, via }) =>
        via === 'direct' ? `${network}: ${what} is direct` : `${network}: ${what} leaves by gateway ${via}`,
      ),
    ),
    ...gateways.flatMap(({ gateway, uplink, tunnel, outer, published = [] }) => [
      ...(tunnel === undefined ? [] : [`${gateway}: ${tunnel}`]),
      ...(outer ? [`${gateway}: ${tunnelStateText(outer)}`] : []),
      ...published.map((port) => `${gateway}: ${port}, from ${uplink.split(' ')[0]}`),
    ]),
  ];
  const sessions = routing.map(sessionText);
  return [...(lines.length > 0 ? ['', ...lines] : []), ...(sessions.length > 0 ? ['', ...sessions] : [])];
}
