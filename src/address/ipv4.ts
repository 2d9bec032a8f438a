/** Sets of IPv4 addresses, given and taken as subnets. */
import { compareRanges, range4, subnets4 } from './range.ts';

/** first and last address */
type Span = readonly [start: number, end: number];

/** The smallest set of subnets that holds exactly the same addresses, in ascending order. */
export function merge4(subnets: readonly string[]): string[] {
  return spansOf(subnets).flatMap(([start, end]) => subnets4(start, end));
}

/** What is left of some subnets without the addresses of others, in ascending order. */
export function exclude4(subnets: readonly string[], others: readonly string[]): string[] {
  const gone = spansOf(others);
  let next = 0;
  return spansOf(subnets).flatMap(([first, end]) => {
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

/** Apart from each other, in ascending order. */
function spansOf(subnets: readonly string[]): Span[] {
  const spans: [number, number][] = [];
  for (const { start, end } of subnets.map(range4).sort(compareRanges)) {
    const last = spans.at(-1);
    if (last && start <= last[1] + 1) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}
