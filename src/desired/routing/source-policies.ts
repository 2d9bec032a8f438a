/**
 * xfrm policies that block unmarked packets. Without our nft table, an engine's masquerade would give packets of
 * containers this host's address, the steering rules would still send them to the gateway, and the gateway would treat
 * them as packets of this host. So packets without the checked bit are not forwarded. An `ip rule` by mark could not do
 * this: the reverse path filter looks up routes without a mark.
 */
import { anywhere, mergeSubnets } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import { type DesiredObject, subnetsOf } from '../redirect.ts';
import type { SteeredFamily } from './steering-kind.ts';

/** @param checkedBit mark bit that our nft table sets on packets from redirected subnets only */
export function sourcePolicies(
  groups: readonly SteeredFamily[],
  checkedBit: number,
  { xfrm }: Pick<Facts, 'xfrm'>,
): DesiredObject[] {
  if (!xfrm || checkedBit === 0) return [];
  return groups.flatMap(({ family, redirects, steering }): DesiredObject[] => {
    // Steering by source has `ip rule`s for blocked subnets; steering by mark ends when the nft table is gone.
    const unguarded = redirects.filter(({ steer }) => steer ?? steering.kind === 'mark');
    if (unguarded.length === 0) return [];
    return [
      {
        object: { kind: 'xfrm-policy', family, from: anywhere[family], bit: checkedBit },
        why: 'allow packets that our nftables rules have checked',
      },
      ...mergeSubnets(subnetsOf(unguarded)).map((from) => ({
        object: { kind: 'xfrm-policy', family, from } as const,
        why: 'block packets that our nftables rules have not checked, as when the table is gone',
      })),
    ];
  });
}
