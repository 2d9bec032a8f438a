/**
 * xfrm policies that block unmarked packets. Without our nft table, an engine's masquerade would give packets of containers this
 * host's address, the steering rules would still send them to the gateway, and the gateway would treat them as packets of this
 * host. So packets without the checked bit are not forwarded. An `ip rule` by mark could not do this: the reverse path filter
 * looks up routes without a mark.
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
  // Rules close blocked subnets; steering by mark ends with the table.
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
