import { type Address, parseAddress } from '../../address/cidr.ts';
import { answerQuestion } from '../../agent/flow-log/answer.ts';
import { keptLogs } from '../../agent/flow-log/coverage.ts';
import { whyUnlogged } from '../../agent/flow-log/unlogged.ts';
import { readLiving } from '../../agent/flow-log/living.ts';
import { ownerFinder } from '../../agent/flow-log/owners.ts';
import type { Question } from '../../agent/flow-log/question.ts';
import { type TimeRange, checkOrder } from '../../agent/time-range.ts';
import { askAgent } from '../../agent/socket.ts';
import { appliedNow, readHistory } from '../../apply/history.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { MustredirectError } from '../../error.ts';
import { startByteStream } from '../../host/process/stream.ts';
import { parseSpec } from '../../spec/parse.ts';
import type { MemberGateway } from '../../topology/role.ts';
import { hostRole } from '../../topology/topology.ts';
import { type ContextOptions, openContext } from '../session/session.ts';
import { formatAnswer } from '../terminal/flow-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface FlowsOptions extends ContextOptions {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly protocol?: string | undefined;
  readonly to?: string | undefined;
  readonly at?: TimeRange | undefined;
  readonly since?: TimeRange | undefined;
  readonly until?: TimeRange | undefined;
  readonly gateway?: string | undefined;
  readonly json?: true | undefined;
}

export async function showFlows(terminal: Terminal, options: FlowsOptions): Promise<void> {
  const { host, places } = await openContext(terminal, options);
  const logged = await loggedGateways({ host, places });
  const gateways = await gatewaysWithLog(places.flowLogs, logged, options.gateway);
  const agent = await askAgent(places.agent);
  const answer = await answerQuestion(
    {
      folder: places.flowLogs,
      gateways,
      now: Date.now(),
      unlogged: (gateway) => whyUnlogged(agent, gateway),
      ownersOf: ownerFinder(logged),
      readLiving: (onFlows) =>
        logged.length === 0
          ? Promise.resolve()
          : readLiving({ start: startByteStream }, onFlows, terminal.interrupt),
    },
    questionOf(options),
  );
  terminal.print(options.json ? JSON.stringify(answer, null, 2) : formatAnswer(answer, terminal));
}

function questionOf({ address, port, protocol, to, at, since, until }: FlowsOptions): Question {
  if (at && (since ?? until))
    throw new MustredirectError('usage', '--at is a time of its own: leave --since and --until out');
  checkOrder(since, until);
  return {
    ...(address === undefined ? {} : { address: addressOf('--address', address) }),
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(to === undefined ? {} : { to: addressOf('--to', to) }),
    from: (at ?? since)?.from ?? -Infinity,
    until: (at ?? until)?.until ?? Infinity,
  };
}

function addressOf(option: string, text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new MustredirectError('usage', `${option}: expected an IPv4 or IPv6 address, found ${text}`);
}

/** Gateways of this host with a flow log, as they were applied. */
async function loggedGateways({
  host,
  places,
}: Pick<HostContext, 'host' | 'places'>): Promise<MemberGateway[]> {
  const applied = appliedNow(await readHistory(host.files, places.history));
  const parsed = applied && parseSpec(applied.text);
  if (parsed?.kind !== 'spec' || !applied) return [];
  return hostRole(parsed.spec, applied.host).gateways.filter(({ flowLog }) => flowLog);
}

/** Also those whose log is not kept any more. */
async function gatewaysWithLog(
  folder: string,
  logged: readonly MemberGateway[],
  only: string | undefined,
): Promise<string[]> {
  const kept = await keptLogs(folder);
  const all = [...new Set([...logged.map(({ name }) => name), ...kept])].sort();
  const found = all.filter((name) => only === undefined || name === only);
  if (found.length > 0) return found;
  const what = only === undefined ? '' : ` of gateway ${only}`;
  throw new MustredirectError('refused', `this host has no flow log${what}`, {
    hint:
      all.length > 0
        ? `there are those of ${all.join(', ')}`
        : 'a member of a gateway with `log: flows` keeps one, while `mustredirect agent` runs on it',
  });
}
