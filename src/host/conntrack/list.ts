/** Conntrack entries of flows to delete. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  familyOf,
  prefixLength,
  subnetOfAddress,
} from '../../address/cidr.ts';
import { type Range, compareRanges, rangeOf } from '../../address/range.ts';
import type { Flows } from '../../kinds/flows/schema.ts';
import { commandError } from '../process/exec.ts';
import { missingProgram, programNotFound } from '../process/missing-program.ts';
import type { Exec } from '../ports.ts';

/**
 * Finds out which flows have conntrack entries. conntrack walks the whole table for each deletion: 8 ms with 262,144
 * buckets. At their first redirect, most subnets have no flows, which a single walk tells.
 *
 * @returns those of `flows` that have entries; inbound ones by the address that replies
 */
export async function knownFlows(exec: Exec, flows: readonly Flows[], protocol?: 'tcp'): Promise<Flows[]> {
  const wanted = [...new Set(flows.map(({ from }) => familyOf(from)))];
  const lists = await Promise.all(wanted.map((family) => listFlows(exec, family, protocol)));
  const all = lists.flat();
  const seen = bySource(all);
  const toward = bySource(
    all.map(({ source, destination }) => ({ source: destination, destination: source })),
  );
  const replySources = bySource(
    all.map(({ replySource, source }) => ({ source: replySource, destination: source })),
  );
  return flows.flatMap((some) => {
    const { from, to, inbound } = some;
    if (inbound) return replySourcesIn(from, replySources);
    const known = to !== undefined && prefixLength(from) === 0 ? isSeen(toward, to) : isSeen(seen, from, to);
    return known ? [some] : [];
  });
}

/** Whether conntrack has TCP entries of any of these flows. */
export async function hasConnections(exec: Exec, flows: readonly Flows[]): Promise<boolean> {
  return (await knownFlows(exec, flows, 'tcp')).length > 0;
}

interface Seen {
  readonly source: Address;
  readonly destination: Address;
}

interface Entry extends Seen {
  /** the source of the other direction: behind a published port, the container */
  readonly replySource: Address;
}

type Sorted = readonly (Seen & { readonly range: Range })[];

function bySource(seen: readonly Seen[]): Sorted {
  return seen
    .map((flow) => ({ ...flow, range: rangeOf(flow.source) }))
    .sort((a, b) => compareRanges(a.range, b.range));
}

/**
 * The first source and destination of a line are the original direction, the second ones the reply: `tcp 6 117 SYN_SENT
 * src=10.89.4.7 dst=1.1.1.1 ... src=1.1.1.1 dst=172.31.0.1 ...`
 */
const entry = /^[^=\n]* src=([\da-f.:]+) dst=([\da-f.:]+) (?:.*? )?src=([\da-f.:]+) /gm;

async function listFlows(exec: Exec, family: Family, protocol?: 'tcp'): Promise<Entry[]> {
  const argv = ['conntrack', '-L', ...(protocol === undefined ? [] : ['-p', protocol]), '-f', `ipv${family}`];
  const output = await exec.run(argv);
  if (output.exitCode === programNotFound) throw missingProgram('conntrack');
  if (output.exitCode !== 0) throw commandError(argv, output);
  return Array.from(output.stdout.matchAll(entry), ([, source = '', destination = '', replySource = '']) => {
    return { source, destination, replySource };
  });
}

function replySourcesIn(subnet: Subnet, replySources: Sorted): Flows[] {
  const addresses = new Set(Array.from(entriesIn(replySources, subnet), ({ source }) => source));
  return [...addresses].map((address) => ({ from: subnetOfAddress(address), inbound: true }));
}

function isSeen(seen: Sorted, from: Subnet, to?: Subnet): boolean {
  for (const { destination } of entriesIn(seen, from)) {
    if (to === undefined || contains(to, destination)) return true;
  }
  return false;
}

function* entriesIn(seen: Sorted, subnet: Subnet): Generator<Seen> {
  const range = rangeOf(subnet);
  for (let at = firstIn(seen, range); at < seen.length; at += 1) {
    const flow = seen[at];
    if (!flow || flow.range.version !== range.version || flow.range.start > range.end) return;
    yield flow;
  }
}

/** Index of the first flow with a source at or after the start of the range. */
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
