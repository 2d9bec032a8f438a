import type { StreamPlan } from '../../agent/drill/drill-input.ts';
import { type DrillResult, drill as runDrill } from '../../agent/drill/drill.ts';
import type { Outage } from '../../agent/drill/outage.ts';
import type { GatewayHealth } from '../../agent/members/member-status.ts';
import { askAgent } from '../../agent/socket.ts';
import { type Address, familyOf } from '../../address/cidr.ts';
import { readAndPlan } from '../../apply/run/host-context.ts';
import { appliedNow, readHistory } from '../../apply/history.ts';
import { MustredirectError } from '../../error.ts';
import type { Prepared } from '../../inspect/prepare.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import { memberOf } from '../../topology/spread.ts';
import { attachmentOf } from '../../verify/verify-network.ts';
import { parseTargets } from '../../verify/target.ts';
import { createSuggest } from '../../spec/suggest.ts';
import { noOtherText } from '../terminal/drain-notes.ts';
import { liveHost } from '../session/live-host.ts';
import { type ContextOptions, appliedSession, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DrillOptions extends ContextOptions {
  readonly to?: string[] | undefined;
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
}

export async function drill(terminal: Terminal, name: string, options: DrillOptions): Promise<void> {
  const context = await openContext(terminal, options);
  const applied = appliedNow(await readHistory(context.host.files, context.places.history));
  if (!applied) throw refused('nothing is applied on this host', 'run `mustredirect apply` first');
  const session = appliedSession(terminal, context, applied);
  const prepared = await readAndPlan(session, session.target);
  const { role } = prepared;
  const gateway = gatewayNamed(name, role);
  const ask = async (): Promise<readonly GatewayHealth[]> => {
    const agent = await askAgent(context.places.agent);
    if (typeof agent !== 'object') throw noAgent();
    return agent.members.filter((one) => one.gateway === name);
  };
  const states = await ask();
  const member = gateway.balance ? undefined : memberToCut(gateway, states);
  if (!member) refuseLast(gateway, states);
  const asked = parseTargets(options.to ?? []).map(({ address }) => address);
  const streams = streamsOf(gateway, role, states, prepared, member?.host, asked);
  await agree(
    terminal,
    member
      ? `cut ${member.host}, the member that ${name} uses, until another one has taken over`
      : `cut a member of ${name}, the one that a ping leaves by, until its connections leave by others`,
    options,
  );
  terminal.watchInterrupts('stopping: the member is given back');
  const { failback } = gateway.policy;
  const found = await runDrill(liveHost(terminal, session), {
    gateway,
    memberOf: (source, target) => member ?? sharingMember(gateway, role, [source, target], prepared),
    streams,
    back: failback === 'manual' ? undefined : failback + settling,
    facts: prepared.facts,
    ask,
    interrupt: terminal.interrupt,
  });
  report(terminal, { gateway: name, ...found }, options);
}

/** milliseconds for a member to count as working again, besides `failback` */
const settling = 30_000;

function refused(message: string, hint: string): MustredirectError {
  return new MustredirectError('refused', message, { hint });
}

function noAgent(): MustredirectError {
  return refused(
    'no agent answers on this host',
    'nobody would leave the member: start `mustredirect agent`',
  );
}

function gatewayNamed(name: string, { failover = [] }: HostRole): FailoverGateway {
  const found = failover.find((gateway) => gateway.name === name);
  if (found) return found;
  const names = failover.map((gateway) => gateway.name);
  throw refused(
    `${name} is no gateway among whose members this host chooses`,
    names.length === 0
      ? 'none of its gateways has `check:` and two members'
      : createSuggest()(name, names, 'it chooses for'),
  );
}

/** The families may use different members: the one of the first family is cut. */
function memberToCut(
  { name, members }: FailoverGateway,
  states: readonly GatewayHealth[],
): FailoverGateway['members'][number] {
  const [first] = states;
  const member = members.find(({ host }) => host === first?.used);
  if (!first || !member) throw refused(`the agent does not choose for ${name} yet`, 'try again in a second');
  const others = first.members.filter(({ host, state, drained }) => {
    return host !== member.host && state === 'up' && drained !== true;
  });
  if (others.length > 0) return member;
  throw noOther(first, `no member of ${name} but ${member.host} is known to work`);
}

function noOther(health: GatewayHealth, message: string): MustredirectError {
  const { states, hint } = noOtherText(health);
  return refused(`${message}: ${states}`, hint);
}

/** The member that a connection leaves by. */
function sharingMember(
  { name, members }: FailoverGateway,
  role: HostRole,
  connection: readonly [source: Address, target: Address],
  { facts }: Prepared,
): FailoverGateway['members'][number] {
  const owner = memberOf(role, name, connection, facts.verdicts);
  const member = members.find(({ host }) => host === owner?.host) ?? members[0];
  if (!member) throw new RangeError(`gateway ${name} without members`);
  return member;
}

function refuseLast({ name }: FailoverGateway, states: readonly GatewayHealth[]): void {
  if (states.length === 0)
    throw refused(`the agent does not choose for ${name} yet`, 'try again in a second');
  const alone = states.find(
    ({ members }) => members.filter(({ state, drained }) => state === 'up' && drained !== true).length < 2,
  );
  if (alone) {
    throw noOther(alone, `fewer than two members of ${name} are known to work in IPv${alone.family}`);
  }
}

/** One stream for each family that uses the member, has a target, and a network with a bridge. */
function streamsOf(
  gateway: FailoverGateway,
  role: HostRole,
  states: readonly GatewayHealth[],
  { facts }: Prepared,
  member: string | undefined,
  asked: readonly string[],
): StreamPlan[] {
  const using = states.filter(({ used }) => member === undefined || used === member);
  const streams = using.flatMap(({ family }): StreamPlan[] => {
    // The address that was asked for, else the first target of the check.
    const target = [...asked, ...gateway.targets].find((address) => familyOf(address) === family);
    if (target === undefined) return [];
    const places = role.networks
      .filter((network) => network.gateway === gateway.name)
      .flatMap((network) => network.subnets.map((subnet) => ({ network, subnet })));
    const place = places.find(
      ({ network, subnet }) =>
        familyOf(subnet) === family && attachmentOf(facts, network, subnet).kind === 'bridge',
    );
    return place ? [{ family, target, ...place }] : [];
  });
  if (streams.length > 0) return streams;
  throw refused(
    'there is nothing to ping, or nowhere to ping from',
    'give an address that answers pings: --to ADDRESS; and start a container of a network of the gateway, which makes its bridge',
  );
}

async function agree(terminal: Terminal, what: string, { yes, json }: DrillOptions): Promise<void> {
  if (yes) return;
  if (!terminal.interactive || json) {
    throw new MustredirectError('usage', 'drill cuts a member, and has nobody to ask', {
      hint: 'say --yes where there is no terminal',
    });
  }
  if (await terminal.confirm(`This will ${what}. Go on?`)) return;
  throw new MustredirectError('interrupted', 'nothing was cut');
}

interface Report {
  readonly gateway: string;
  readonly member: string;
  readonly results: readonly DrillResult[];
}

function report(terminal: Terminal, found: Report, { json }: DrillOptions): void {
  const { gateway, member, results } = found;
  if (json) terminal.print(JSON.stringify(found, null, 2));
  else terminal.print(results.flatMap((result) => linesOf(gateway, member, result)).join('\n'));
  const isGood = results.every(({ to, leaked, missed }) => to !== undefined && leaked === 0 && missed === 0);
  if (!isGood) terminal.setExitStatus(3);
}

function linesOf(gateway: string, member: string, result: DrillResult): string[] {
  const { family, target, to, away, back, leaked, missed } = result;
  const line = (text: string): string => `${gateway}, IPv${family}, pings to ${target}: ${text}`;
  return [
    line(
      to === undefined
        ? `nobody took over from ${member}`
        : `${to} took over from ${member}, ${outageText(away)}`,
    ),
    line(back ? `${member} is used again, ${outageText(back)}` : `${member} is not used again yet`),
    line(
      missed > 0
        ? `the capture missed ${missed} packets: nothing is known of leaks`
        : `${leaked} packets left by another way`,
    ),
  ];
}

function outageText({ longest, lost, sent }: Outage): string {
  return `no answer for ${longest} ms, ${lost} of ${sent} pings lost`;
}
