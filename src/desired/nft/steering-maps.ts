/** Maps from each redirected subnet to the chain that marks its packets. */
import { type Family, type Subnet, sortUniqueSubnets } from '../../address/cidr.ts';
import { onceForEach } from '../../address/once.ts';
import { type DesiredObject, isBridged, steeredSubnets, subnetsOf } from '../redirect.ts';
import type { SteeredFamily } from '../routing/steering-kind.ts';
import { spreadChain } from './balance.ts';
import { bridgeMaps } from './on-bridge.ts';
import { elementSets, jumpByMap } from './subnet-sets.ts';

/**
 * With steering by mark, a subnet's chain sets its gateway's mark. Packets of blocked subnets do not get the checked
 * bit, because no `ip rule` blocks them: the guard drops them. With steering by source, the chain only sets the checked
 * bit, unless connections are spread over members.
 */
export function steeringMaps(group: SteeredFamily): DesiredObject[] {
  const { family, redirects, steering } = group;
  const byMark = steering.kind === 'mark';
  const chains = new Map<Subnet, string>();
  for (const redirect of redirects) {
    for (const subnet of redirect.subnets)
      if (!chains.has(subnet)) chains.set(subnet, `${byMark ? 'unchecked' : 'marks'}${family}`);
    const { steer } = redirect;
    if (!steer || !(byMark || steer.balance)) continue;
    const target = steer.balance ? spreadChain(family, steer.gateway) : `to${family}_${steer.gateway}`;
    for (const subnet of steeredSubnets(redirect)) chains.set(subnet, target);
  }
  const chainOf = (subnet: Subnet): string => chains.get(subnet) ?? '';
  const unbridged = sortUniqueSubnets(subnetsWithoutBridge(group));
  return [
    ...bridgeMaps(family, redirects, chainOf),
    ...elementSets(
      steerMap(family),
      unbridged.map((subnet) => ({ subnet, chain: chainOf(subnet) })),
      { type: [`ipv${family}_addr`], why: 'chain that marks the packets of each subnet' },
    ),
  ];
}

/** Jumps to the chains of subnets whose bridge is unknown or on another host. */
export function jumpBySubnet(group: SteeredFamily): string[] {
  const { family } = group;
  return jumpByMap({ family, name: steerMap(family), subnets: subnetsWithoutBridge(group) }, 'source');
}

const subnetsWithoutBridge = onceForEach(({ redirects }: SteeredFamily): readonly Subnet[] => {
  const known = new Set(subnetsOf(redirects.filter(isBridged)));
  const others = subnetsOf(redirects.filter((redirect) => !isBridged(redirect)));
  return known.size === 0 ? others : others.filter((subnet) => !known.has(subnet));
});

function steerMap(family: Family): string {
  return `steer${family}`;
}
