import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentStatus, askAgent } from '../../agent/socket.ts';
import { type GatewayHealth, usesMember } from '../../agent/members/member-status.ts';
import { drainNotes, saysDrained } from '../terminal/drain-notes.ts';
import { leavesBy } from '../terminal/member-text.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { MustredirectError } from '../../error.ts';
import { readDrained, writeDrained } from '../../host/files/drain-store.ts';
import { createSuggest } from '../../spec/suggest.ts';
import { type ContextOptions, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { drainOwn, ownMembership } from './drain-own.ts';

export interface DrainOptions extends ContextOptions {
  readonly json?: true | undefined;
  /** seconds to wait for the agent */
  readonly wait: number;
}

/**
 * Takes a member out of use, or gives it back: the agent, which chooses among members, reads it from a file.
 *
 * @param named absent: this host
 */
export async function drain(
  terminal: Terminal,
  on: boolean,
  named: string | undefined,
  options: DrainOptions,
): Promise<void> {
  const context = await openContext(terminal, options);
  const own = await ownMembership(terminal, context);
  if (own && (named ?? own.source.host) === own.source.host) {
    return drainOwn(terminal, { ...own, context, on, wait: options.wait }, options);
  }
  if (named === undefined) throw notNamed();
  await drainHere(terminal, context, on, named, options);
}

function notNamed(): MustredirectError {
  return new MustredirectError('refused', 'this host is no member of a gateway', {
    hint: 'name a member, such as `mustredirect drain gw1`, on a node, or apply the file on the member first',
  });
}

/** On a node, whose agent chooses. */
async function drainHere(
  terminal: Terminal,
  { host, places }: HostContext,
  on: boolean,
  member: string,
  options: DrainOptions,
): Promise<void> {
  const agent = await runningAgent(places.agent);
  const before = await readDrained(host.files, places.drained);
  const others = before.filter((one) => one.host !== member);
  const gateways = gatewaysOf(agent, member);
  if (on && gateways.length === 0) throw noMember(member, agent);
  if (on) refuseLast(member, gateways);
  if (!on && others.length === before.length) throw notDrained(member, before, gateways);
  const entry = { host: member, since: new Date().toISOString(), user: terminal.user };
  await writeDrained(host.files, places.drained, on ? [...others, entry] : others);
  const after = await untilSeen(places.agent, member, on, options.wait);
  report(terminal, on, member, after, options);
}

async function runningAgent(socket: string): Promise<AgentStatus> {
  const agent = await askAgent(socket);
  if (typeof agent === 'object') return agent;
  throw new MustredirectError(
    'refused',
    agent === 'silent' ? 'the agent of this host does not answer' : 'no agent runs on this host',
    {
      hint: 'the agent chooses among the members of a gateway: start it with `mustredirect agent`, on the node',
    },
  );
}

function gatewaysOf({ members }: AgentStatus, host: string): GatewayHealth[] {
  return members.filter((gateway) => gateway.members.some((one) => one.host === host));
}

function noMember(host: string, { members }: AgentStatus): MustredirectError {
  const known = [...new Set(members.flatMap((gateway) => gateway.members.map((one) => one.host)))];
  return new MustredirectError('refused', `${host} is no member that this host chooses among`, {
    hint:
      known.length > 0
        ? createSuggest()(host, known, 'members')
        : 'it chooses among the members of gateways with `check:` in the file, once that is applied',
  });
}

function refuseLast(host: string, gateways: readonly GatewayHealth[]): void {
  const alone = gateways.find(({ members }) =>
    members.every((one) => one.host === host || one.drained === true),
  );
  if (!alone) return;
  throw new MustredirectError(
    'refused',
    `${host} is the last member of gateway ${alone.gateway} that is not drained`,
    {
      hint: '`mustredirect undrain MEMBER` gives another one back first',
    },
  );
}

function notDrained(
  host: string,
  drained: readonly { readonly host: string }[],
  gateways: readonly GatewayHealth[],
): MustredirectError {
  if (saysDrained(gateways, host)) {
    return new MustredirectError('refused', `${host} is drained, but not here`, {
      hint: `it was drained on ${host}: \`mustredirect undrain\` there gives it back`,
    });
  }
  return new MustredirectError('refused', `${host} is not drained`, {
    hint: drained.length > 0 ? `drained: ${drained.map((one) => one.host).join(', ')}` : 'no member is',
  });
}

/** milliseconds between two questions to the agent */
const askEvery = 50;

/** Waits until the agent knows of it and, when the member is drained, has left it if another one works. */
async function untilSeen(
  socket: string,
  member: string,
  on: boolean,
  wait: number,
): Promise<readonly GatewayHealth[]> {
  const end = performance.now() + wait * 1000;
  for (;;) {
    const agent = await askAgent(socket);
    const gateways = typeof agent === 'object' ? gatewaysOf(agent, member) : [];
    const isKnown = gateways.every(({ members }) =>
      members.every(
        ({ host, drained = false, drainedByItself }) => host !== member || drainedByItself || drained === on,
      ),
    );
    const isLeft = !on || !gateways.some((gateway) => usesMember(gateway, member));
    if (typeof agent === 'object' && isKnown && isLeft) return gateways;
    if (performance.now() > end) {
      if (typeof agent === 'object' && isKnown) return gateways;
      throw new MustredirectError('failed', `the agent has not taken it over within ${wait} s`, {
        hint: 'it does so with its next look at this host: `mustredirect status` shows when',
      });
    }
    await sleep(askEvery);
  }
}

function report(
  terminal: Terminal,
  on: boolean,
  member: string,
  gateways: readonly GatewayHealth[],
  { json }: DrainOptions,
): void {
  if (json) {
    const used = gateways.map(({ gateway, family, used: by }) => ({ gateway, family, used: by }));
    terminal.print(JSON.stringify({ member, drained: on, gateways: used }, null, 2));
  } else {
    terminal.print([`${member} is ${on ? 'drained' : 'given back'}`, ...gateways.map(leavesBy)].join('\n'));
  }
  const { notes, isDone } = drainNotes(member, on, gateways);
  for (const { text, label } of notes) terminal.tell(text, label);
  if (!isDone) terminal.setExitStatus(3);
}
