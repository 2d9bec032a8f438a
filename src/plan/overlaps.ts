/** Searches a subnet among many others. */
import type { Subnet } from '../address/cidr.ts';
import { rangeOf } from '../address/range.ts';

/** @param sorted disjoint subnets, ascending */
export function overlapsAny(subnet: Subnet, sorted: readonly Subnet[]): boolean {
  const { start, end } = rangeOf(subnet);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rangeOf(sorted[middle] ?? '').end < start) low = middle + 1;
    else high = middle;
  }
  const next = sorted[low];
  return next !== undefined && rangeOf(next).start <= end;
}
