/** Sets of IPv4 addresses, as lists of subnets. */
import { onceForEach } from './once.ts';
import { compareRanges, range4, subnets4 } from './range.ts';

/** first and last address */
type AddressRange = readonly [start: number, end: number];

/** Smallest set of subnets with exactly the same addresses, ascending. */
export function merge4(subnets: readonly string[]): string[] {
  return mergedRanges(subnets).flatMap(([start, end]) => subnets4(start, end));
}

/** Subnets without the addresses of others, ascending. */
export function exclude4(subnets: readonly string[], others: readonly string[]): string[] {
  const gone = mergedRanges(others);
  let next = 0;
  return mergedRanges(subnets).flatMap(([first, end]) => {
    const left: string[] = [];
    let start = first;
    while (next < gone.length && (gone[next]?.[1] ?? 0) < start) next += 1;
    for (let at = next; start <= end; at += 1) {
      const [from, to] = gone[at] ?? [end + 1, end];
      if (from > end) {
        left.push(...subnets4(start, end));
        break;
      }
      left.push(...subnets4(start, from - 1));
      start = to + 1;
    }
    return left;
  });
}

/** Disjoint spans, ascending. */
const mergedRanges = onceForEach((subnets: readonly string[]): readonly AddressRange[] => {
  const spans: [number, number][] = [];
  for (const { start, end } of subnets.map(range4).sort(compareRanges)) {
    const last = spans.at(-1);
    if (last && start <= last[1] + 1) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
});
