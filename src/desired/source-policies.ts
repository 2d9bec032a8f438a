/**
 * Without our nft table nothing keeps the source of a container: an engine's masquerade would give it that of this
 * host, the steering rules would still send it to the gateway, and the gateway would send it wherever it sends
 * what this host sends. So what the table has not marked is not forwarded. A rule by mark could not say so: the
 * reverse path filter asks without a mark.
 */
import { familyOf, mergeSubnets } from '../address/cidr.ts';
import type { Facts } from '../state/facts.ts';
import type { Part, Wanted } from './parts.ts';

/** @param seenBit the mark bit of packets that our nft table has seen */
export function sourcePolicies(
  parts: readonly Part[],
  seenBit: number,
  { xfrm }: Pick<Facts, 'xfrm'>,
): Wanted[] {
  if (!xfrm || seenBit === 0) return [];
  const subnets = mergeSubnets(parts.filter((part) => part.steer).flatMap((part) => part.subnets));
  return subnets.flatMap((from): Wanted[] => [
    {
      object: { kind: 'xfrm-policy', family: familyOf(from), from, bit: seenBit },
      why: 'the nft table has seen it, and keeps its source',
    },
    {
      object: { kind: 'xfrm-policy', family: familyOf(from), from },
      why: 'closed when the nft table is gone, and nothing keeps the source',
    },
  ]);
}
