/**
 * Chains that count dropped packets by subnet, and drop them. Packets add the elements themselves: subnets without dropped
 * packets cost nothing when the table is written or read.
 */
import type { Family } from '../../address/cidr.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import { redirectedSet, droppedSet, subnetSetName } from '../../kinds/nft-table/set-name.ts';
import { type Redirect, type DesiredObject, byFamily, isLocal } from '../redirect.ts';
import { anyOf, fieldOf, redirectedLengths } from './subnet-sets.ts';

/** the address of a packet that is in a redirected subnet */
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

/** The chains that `drop` jumps to. */
export function dropChains(redirects: readonly Redirect[]): DesiredObject[] {
  return byFamily(redirects).flatMap((group) => [
    dropChain(group.family, group.redirects, 'source'),
    ...(group.redirects.some(isLocal) ? [dropChain(group.family, group.redirects, 'original source')] : []),
    ...(group.redirects.some(({ defaultRouters }) => defaultRouters.length > 0)
      ? [dropChain(group.family, group.redirects, 'destination')]
      : []),
  ]);
}

/** A packet is dropped even if it cannot be counted because the kernel has no memory left. */
function dropChain(
  family: Family,
  redirects: readonly Redirect[],
  field: keyof typeof chains,
): DesiredObject {
  const counts = redirectedLengths(redirects).flatMap((length) => {
    const set = subnetSetName(droppedSet(family), length);
    return anyOf(family, field, redirectedSet(family), [length]).map(
      (matches) => `${matches} add @${set} { ${fieldOf(family, field, length)} }`,
    );
  });
  return {
    object: { kind: 'nft-chain', name: chainName(family, field), rules: [...counts, 'drop'] },
    why: chains[field].why,
  };
}

export function droppedSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  return redirectedLengths(redirects).map((length) => ({
    object: {
      kind: 'nft-set',
      name: subnetSetName(droppedSet(family), length),
      exact: true,
      dynamic: true,
      type: [`ipv${family}_addr`],
      counted: true,
      elements: [],
    } satisfies NftSet,
    why: 'dropped packets of each subnet',
  }));
}

function chainName(family: Family, field: keyof typeof chains): string {
  return `drop${family}${chains[field].suffix}`;
}
