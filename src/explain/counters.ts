/** Counters of set elements in the nft table, for the subnets of a network. */
import { type Address, type Subnet, familyOf, prefixLength } from '../address/cidr.ts';
import { firstAddress } from '../desired/nft/subnet-sets.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import { droppedSet, subnetSetName } from '../kinds/nft-table/set-name.ts';

export interface Counted {
  readonly packets: number;
  readonly bytes: number;
  /** packets that the guard dropped */
  readonly dropped: number;
}

/** Groups counters by the first address of their subnet, or by the bridge in quotes. Sets of each prefix length have their own names. */
export function byElement(counters: readonly ElementCounter[]): Map<string, ElementCounter[]> {
  const found = new Map<string, ElementCounter[]>();
  for (const counter of counters) {
    const list = found.get(counter.element);
    if (list) list.push(counter);
    else found.set(counter.element, [counter]);
  }
  return found;
}

export function count(
  counters: ReadonlyMap<Address, readonly ElementCounter[]>,
  subnets: readonly Subnet[],
): Counted {
  const own = subnets.map((subnet) => {
    const found = counters.get(firstAddress(subnet)) ?? [];
    const dropped = subnetSetName(droppedSet(familyOf(subnet)), prefixLength(subnet));
    return {
      passed: found.filter(({ set }) => set !== dropped && set.endsWith(`_${prefixLength(subnet)}`)),
      dropped: found.filter(({ set }) => set === dropped),
    };
  });
  const passed = own.flatMap((one) => one.passed);
  return {
    packets: sum(passed.map(({ packets }) => packets)),
    bytes: sum(passed.map(({ bytes }) => bytes)),
    dropped: sum(own.flatMap((one) => one.dropped).map(({ packets }) => packets)),
  };
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
