/** Lines of a flow log: JSON, one object each. Pure. */
import * as z from 'zod';
import type { FlowTuple, TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import type { Owner } from './owners.ts';
import { protocolName } from './protocols.ts';

const tuple = z.object({
  source: z.string(),
  sourcePort: z.int().exactOptional(),
  destination: z.string(),
  destinationPort: z.int().exactOptional(),
});
const amount = z.object({ packets: z.number(), bytes: z.number() });
const time = z.iso.datetime();

const flow = z.object({
  kind: z.literal('flow'),
  /** the kernel's number */
  id: z.int(),
  network: z.string(),
  /** host on which the container runs */
  node: z.string(),
  /** tcp, udp, icmp, ..., or a number */
  protocol: z.string(),
  /** absent: before the log */
  begin: time.exactOptional(),
  /** absent: it lives */
  end: time.exactOptional(),
  /** of the first packet, as it came to this member */
  original: tuple,
  /** of the same packet, as it left */
  translated: tuple,
  sent: amount.exactOptional(),
  received: amount.exactOptional(),
});

/** Flows that lived until then, and began before, have a line. */
const checked = z.object({ kind: z.literal('checked'), time });

/** Flows of a time that may have no line. */
const gap = z.object({
  kind: z.literal('gap'),
  from: time,
  to: time,
  why: z.string(),
  /** how many ends of flows the kernel has dropped: those of other flows of this host count as well */
  dropped: z.int().exactOptional(),
  /** how many lines could not be written */
  unwritten: z.int().exactOptional(),
});

/** The clock was set, and lines before it have another time; or the machine was suspended. */
const clock = z.object({ kind: z.literal('clock'), time, seconds: z.number() });

const line = z.discriminatedUnion('kind', [flow, checked, gap, clock]);

export type LogLine = z.output<typeof line>;
export type FlowLine = Extract<LogLine, { kind: 'flow' }>;
export type GapLine = Extract<LogLine, { kind: 'gap' }>;
export type ClockLine = Extract<LogLine, { kind: 'clock' }>;

export function textOfLine(value: LogLine): string {
  return JSON.stringify(value);
}

/** Undefined for a line that was cut off, or is not one of ours. */
export function lineOfText(text: string): LogLine | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function flowLine({ network, node }: Owner, tracked: TrackedFlow): FlowLine {
  const { id, protocol, original, reply, begin, end, sent, received } = tracked;
  return {
    kind: 'flow',
    id,
    network,
    node,
    protocol: protocolName(protocol),
    ...(begin === undefined ? {} : { begin: isoTime(begin) }),
    ...(end === undefined ? {} : { end: isoTime(end) }),
    original,
    translated: translatedOf(reply),
    ...(sent ? { sent } : {}),
    ...(received ? { received } : {}),
  };
}

/** A reply goes back the way that the translated packet came. */
function translatedOf({ source, destination, sourcePort, destinationPort }: FlowTuple): FlowTuple {
  if (sourcePort === undefined) return { source: destination, destination: source };
  // The identifier of ICMP is the same in both directions.
  if (destinationPort === undefined) return { source: destination, sourcePort, destination: source };
  return {
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
