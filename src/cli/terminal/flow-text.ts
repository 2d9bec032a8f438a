/** Flow logs for people. */
import { type Answer, type FoundFlow, flowsAtMost } from '../../agent/flow-log/answer.ts';
import type { FlowLogStatus } from '../../agent/flow-log/gateway-log.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

const mebibyte = 1024 ** 2;

/** @param logs absent: the agent is of a version without them */
export function flowLogLines(
  logs: readonly FlowLogStatus[] = [],
  terminal: Pick<Terminal, 'paint'>,
): string[] {
  return logs.map(({ gateway, flows, dropped, unwritten, bytes, problem }) => {
    const lost = [
      ...(dropped > 0 ? [`${dropped} dropped by the kernel`] : []),
      ...(unwritten > 0 ? [`${unwritten} not written`] : []),
    ];
    const isFine = lost.length === 0 && problem === undefined;
    const head = isFine ? 'flow log:' : terminal.paint('yellow', 'flow log:');
    const size = `${(bytes / mebibyte).toFixed(1)} MiB`;
    return [`${head} ${gateway}: ${flows} flows since the agent was started, ${size}`, ...lost, problem ?? []]
      .flat()
      .join('; ');
  });
}

const head = ['begin', 'end', 'protocol', 'container', 'network', 'to', 'seen as', 'sent', 'received'];

export function formatAnswer(
  { flows, more, gaps, clock, problems }: Answer,
  terminal: Pick<Terminal, 'paint'>,
): string {
  const note = (text: string): string => `${terminal.paint('yellow', 'note:')} ${text}`;
  return [
    flows.length === 0 ? 'no flow' : formatTable([head, ...flows.map(rowOf)]),
    ...(more ? [note(`only ${flowsAtMost} flows are shown: ask for less`)] : []),
    ...gaps.map((gap) => note(gapText(gap))),
    ...clock.map(({ gateway, time, seconds }) =>
      note(
        `gateway ${gateway}: the clock jumped by ${seconds} s at ${time}: it was set, and times before may be off by as much, or the machine was suspended`,
      ),
    ),
    ...problems.map(note),
  ].join('\n');
}

function gapText({ gateway, from, to, why, dropped, unwritten }: Answer['gaps'][number]): string {
  const count = dropped ?? unwritten;
  const many = count === undefined ? '' : `, ${count} at most`;
  const when = from === undefined ? `before ${to}` : `between ${from} and ${to}`;
  return `gateway ${gateway}: flows ${when} may be missing${many}: ${why}`;
}

function rowOf({
  begin,
  end,
  lives,
  protocol,
  network,
  node,
  original,
  translated,
  ...flow
}: FoundFlow): string[] {
  const sourceSeen = textOf(translated.source, translated.sourcePort);
  const isInbound = translated.destination !== original.destination;
  const container = isInbound
    ? textOf(translated.destination, translated.destinationPort)
    : textOf(original.source, original.sourcePort);
  return [
    begin ?? 'before the log',
    end ?? (lives ? 'lives' : 'not known'),
    protocol,
    container,
    `${network} on ${node}`,
    isInbound
      ? `from ${textOf(original.source, original.sourcePort)}`
      : textOf(original.destination, original.destinationPort),
    isInbound ? textOf(original.destination, original.destinationPort) : sourceSeen,
    amountText(flow.sent),
    amountText(flow.received),
  ];
}

function textOf(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function amountText(amount: FoundFlow['sent']): string {
  return amount ? `${amount.bytes} B in ${amount.packets}` : 'not counted';
}
