/** Questions to a flow log. Pure. */
import type { Address } from '../../address/cidr.ts';
import type { FlowTuple } from '../../host/conntrack/tracked-flow.ts';
import type { TimeRange } from '../time-range.ts';
import type { Gap } from './coverage.ts';
import type { ClockLine, FlowLine } from './line.ts';

export interface Question extends TimeRange {
  /** of any end of the flow, before or after it was translated */
  readonly address?: Address;
  /** of the same end */
  readonly port?: number;
  /** tcp, udp, ... */
  readonly protocol?: string;
  /** where the flow went, before or after it was translated */
  readonly to?: Address;
}

/** A flow that began so long before a gap has a line, even if it ended in the gap: milliseconds */
const checkedBefore = 60_000;

/**
 * Whether a flow lived at some moment of the time; one without an end may have lived on. One that ended before it began has seen
 * the clock being set back: when it began is not known.
 */
export function livedIn(
  { begin, end }: Pick<FlowLine, 'begin' | 'end'>,
  { from, until }: TimeRange,
): boolean {
  const first = begin === undefined ? -Infinity : Date.parse(begin);
  const last = end === undefined ? Infinity : Date.parse(end);
  return (first <= until || first > last) && last >= from;
}

/** Whether it is a flow that is asked for, at whatever time. */
export function isAskedFor(flow: FlowLine, { address, port, protocol, to }: Question): boolean {
  const { original, translated } = flow;
  if (protocol !== undefined && flow.protocol !== protocol) return false;
  if (to !== undefined && original.destination !== to && translated.destination !== to) return false;
  if (address === undefined && port === undefined) return true;
  return [...endsOf(original), ...endsOf(translated)].some(
    (one) => (address === undefined || one.address === address) && (port === undefined || one.port === port),
  );
}

function endsOf({ source, sourcePort, destination, destinationPort }: FlowTuple) {
  return [
    { address: source, port: sourcePort },
    { address: destination, port: destinationPort },
  ];
}

/** Whether flows that the question is about may be missing. */
export function concerns({ from, to }: Pick<Gap, 'from' | 'to'>, asked: TimeRange): boolean {
  const begin = from === undefined ? -Infinity : Date.parse(from);
  return begin - checkedBefore <= asked.until && Date.parse(to) >= asked.from;
}

/** Whether lines near the time that was asked for may have a time that is wrong by the step. */
export function blurs({ time, seconds }: ClockLine, asked: TimeRange): boolean {
  const around = Math.abs(seconds) * 1000;
  return Date.parse(time) + around >= asked.from && Date.parse(time) - around <= asked.until;
}

/** Whether a piece of a log may have lines that are looked for; quick, and never wrong when it says no. */
export function mayAnswer({ address, to, port }: Question): (text: string) => boolean {
  const needed = [
    ...[address, to].flatMap((one) => (one === undefined ? [] : [`"${one}"`])),
    ...(port === undefined ? [] : [`Port":${port}`]),
  ];
  return (text) => needed.every((one) => text.includes(one)) || rare.some((one) => text.includes(one));
}

const rare = ['{"kind":"gap"', '{"kind":"clock"'];
