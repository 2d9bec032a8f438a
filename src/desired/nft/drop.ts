/**
 * Chains that count packets by subnet and drop them. The rules add the set elements: subnets without dropped packets
 * cost nothing when the table is written or read.
 */
import type { Family } from '../../address/cidr.ts';
import { droppedSet } from '../../kinds/nft-table/set-name.ts';
import { type Redirect, type DesiredObject, byFamily, isNode } from '../redirect.ts';
import { chain } from './chain.ts';
import { addIfIn, counterSets, redirectedSets } from './subnet-sets.ts';

/** which address of the packet is in a redirected subnet */
const chains = {
  source: { suffix: '', why: 'count and drop, by source subnet' },
  'original source': {
    suffix: '_flow',
    why: 'count and drop, by original source of the connection',
  },
  destination: { suffix: '_reply', why: 'count and drop replies, by destination subnet' },
} as const;

export function drop(family: Family, field: keyof typeof chains): string {
  return `goto ${chainName(family, field)}`;
}

/** Targets of `drop`. */
export function dropChains(redirects: readonly Redirect[]): DesiredObject[] {
  return byFamily(redirects).flatMap((group) => [
    dropChain(group.family, group.redirects, 'source'),
    ...(group.redirects.some(isNode) ? [dropChain(group.family, group.redirects, 'original source')] : []),
    ...(group.redirects.some(({ defaultRouters }) => defaultRouters.length > 0)
      ? [dropChain(group.family, group.redirects, 'destination')]
      : []),
  ]);
}

/** The last rule also drops packets that the kernel could not count for lack of memory. */
function dropChain(
  family: Family,
  redirects: readonly Redirect[],
  field: keyof typeof chains,
): DesiredObject {
  const counts = addIfIn(redirectedSets(family, redirects), field, droppedSet(family));
  return chain(chainName(family, field), [...counts, 'drop'], chains[field].why);
}

export function droppedSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  return counterSets(redirectedSets(family, redirects), droppedSet(family), 'dropped packets of each subnet');
}

function chainName(family: Family, field: keyof typeof chains): string {
  return `drop${family}${chains[field].suffix}`;
}
