/** Conntrack entries of the flows to forget. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  familyOf,
  prefixLength,
} from '../../address/cidr.ts';
import { type Range, compareRanges, rangeOf } from '../../address/range.ts';
import type { Flows } from '../../kinds/flows/schema.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import type { Exec } from '../ports.ts';

/**
 * To delete flows of one subnet conntrack walks through the whole table: 8 ms each, where it has 262,144 buckets. Most
 * subnets have none when they are redirected first, and one walk tells which.
 *
 * @returns those of `flows` that there is something to forget of
 */
export async function knownFlows(exec: Exec, flows: readonly Flows[], protocol?: 'tcp'): Promise<Flows[]> {
  const wanted = [...new Set(flows.map(({ from }) => familyOf(from)))];
  const lists = await Promise.all(wanted.map((family) => listFlows(exec, family, protocol)));
  const seen = bySource(lists.flat());
  const toward = bySource(
    lists.flat().map(({ source, destination }) => ({ source: destination, destination: source })),
  );
  return flows.filter(({ from, to, called }) => {
    // What others began is not among those, and is little.
    if (called) return true;
    return to !== undefined && prefixLength(from) === 0 ? isSeen(toward, to) : isSeen(seen, from, to);
  });
}

/** Whether it knows a connection of any of them. */
export async function hasConnections(exec: Exec, flows: readonly Flows[]): Promise<boolean> {
  return (await knownFlows(exec, flows, 'tcp')).length > 0;
}

interface Seen {
  readonly source: Address;
  readonly destination: Address;
}

type Sorted = readonly (Seen & { readonly range: Range })[];

function bySource(seen: readonly Seen[]): Sorted {
  return seen
    .map((flow) => ({ ...flow, range: rangeOf(flow.source) }))
    .sort((a, b) => compareRanges(a.range, b.range));
}

/** The first source and destination of a line are those of who began: `tcp 6 117 SYN_SENT src=10.89.4.7 dst=1.1.1.1 ...` */
const beginning = /^[^=\n]* src=([\da-f.:]+) dst=([\da-f.:]+) /gm;

async function listFlows(exec: Exec, family: Family, protocol?: 'tcp'): Promise<Seen[]> {
  const argv = ['conntrack', '-L', ...(protocol === undefined ? [] : ['-p', protocol]), '-f', `ipv${family}`];
  const output = await exec.run(argv);
  if (output.exitCode === programNotFound) throw missingProgram('conntrack');
  if (output.exitCode !== 0) throw commandError(argv, output);
  return Array.from(output.stdout.matchAll(beginning), ([, source = '', destination = '']) => {
    return { source, destination };
  });
}

function isSeen(seen: Sorted, from: Subnet, to?: Subnet): boolean {
  const range = rangeOf(from);
  for (let at = firstIn(seen, range); at < seen.length; at += 1) {
    const flow = seen[at];
    if (!flow || flow.range.version !== range.version || flow.range.start > range.end) return false;
    if (to === undefined || contains(to, flow.destination)) return true;
  }
  return false;
}

/** Index of the first flow whose source is not before the range. */
function firstIn(seen: Sorted, { version, start }: Range): number {
  let [low, high] = [0, seen.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const source = seen[middle]?.range;
    if (source && (source.version < version || (source.version === version && source.start < start)))
      low = middle + 1;
    else high = middle;
  }
  return low;
}
