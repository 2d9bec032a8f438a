/**
 * Without our nft table nothing keeps the source of a container: an engine's masquerade would give it that of this
 * host, the steering rules would still send it to the gateway, and the gateway would send it wherever it sends
 * what this host sends. So what the table has not marked is not forwarded. A rule by mark could not say so: the
 * reverse path filter asks without a mark.
 */
import { anywhere, mergeSubnets } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import { type Redirect, type DesiredObject, byFamily } from '../redirect.ts';
import type { ByMark } from './steering-kind.ts';

/** @param checkedBit the mark bit of packets that our nft table has seen: nothing but what comes from a redirected subnet has it */
export function sourcePolicies(
  redirects: readonly Redirect[],
  checkedBit: number,
  byMark: ByMark,
  { xfrm }: Pick<Facts, 'xfrm'>,
): DesiredObject[] {
  if (!xfrm || checkedBit === 0) return [];
  // Rules close what goes nowhere; a mark is lost together with the table.
  const asked = redirects.filter((redirect) => redirect.steer ?? byMark.has(redirect.family));
  return byFamily(asked).flatMap(({ family, redirects: steered }): DesiredObject[] => [
    {
      object: { kind: 'xfrm-policy', family, from: anywhere[family], bit: checkedBit },
      why: 'allow packets that our nftables rules have checked',
    },
    ...mergeSubnets(steered.flatMap((redirect) => redirect.subnets)).map((from) => ({
      object: { kind: 'xfrm-policy', family, from } as const,
      why: 'block packets that our nftables rules have not checked, as when the table is gone',
    })),
  ]);
}
