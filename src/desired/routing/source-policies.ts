/**
 * Without our nft table nothing keeps the source of a container: an engine's masquerade would give it that of this
 * host, the steering rules would still send it to the gateway, and the gateway would send it wherever it sends
 * what this host sends. So what the table has not marked is not forwarded. A rule by mark could not say so: the
 * reverse path filter asks without a mark.
 */
import { anywhere, mergeSubnets } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import { type Part, type Wanted, byFamily } from '../parts.ts';
import type { ByMark } from './steering-kind.ts';

/** @param seenBit the mark bit of packets that our nft table has seen: nothing but what comes from a redirected subnet has it */
export function sourcePolicies(
  parts: readonly Part[],
  seenBit: number,
  byMark: ByMark,
  { xfrm }: Pick<Facts, 'xfrm'>,
): Wanted[] {
  if (!xfrm || seenBit === 0) return [];
  // Rules close what goes nowhere; a mark is lost together with the table.
  const asked = parts.filter((part) => part.steer ?? byMark.has(part.family));
  return byFamily(asked).flatMap(({ family, parts: steered }): Wanted[] => [
    {
      object: { kind: 'xfrm-policy', family, from: anywhere[family], bit: seenBit },
      why: 'the nft table has seen it, and keeps its source',
    },
    ...mergeSubnets(steered.flatMap((part) => part.subnets)).map((from) => ({
      object: { kind: 'xfrm-policy', family, from } as const,
      why: 'closed when the nft table is gone, and nothing keeps the source',
    })),
  ]);
}
