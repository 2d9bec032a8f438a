/** The maps that lead each redirected subnet to the chain that marks its packets. */
import type { Family, Subnet } from '../../address/cidr.ts';
import { type Redirect, type DesiredObject, isBridged, steeredSubnets } from '../redirect.ts';
import { steerMap } from '../routing/egress.ts';
import { pairsOnBridge } from './on-bridge.ts';
import { bridgeMaps, subnetMaps } from './subnet-sets.ts';

/**
 * A subnet that a fwmark steers leads to the chain of its gateway. One that an ip rule steers leads to a chain that only marks its
 * packets as seen. A subnet that is to go nowhere is not even marked as seen where no ip rule closes it: the guard drops it.
 */
export function steeringMaps(
  family: Family,
  redirects: readonly Redirect[],
  byMark: boolean,
): DesiredObject[] {
  const chains = new Map<Subnet, string>();
  const [bridged, others] = [
    redirects.filter(isBridged),
    redirects.filter((redirect) => !isBridged(redirect)),
  ];
  for (const redirect of redirects) {
    for (const subnet of redirect.subnets)
      if (!chains.has(subnet)) chains.set(subnet, `${byMark ? 'unseen' : 'marks'}${family}`);
    if (!redirect.steer || !byMark) continue;
    for (const subnet of steeredSubnets(redirect))
      chains.set(subnet, `to${family}_${redirect.steer.gateway}`);
  }
  const known = new Set(bridged.flatMap((redirect) => redirect.subnets));
  const elsewhere = others.flatMap((redirect) => redirect.subnets).filter((subnet) => !known.has(subnet));
  const pick = (subnet: Subnet): string => chains.get(subnet) ?? '';
  return [
    ...bridgeMaps(
      family,
      bridged.flatMap(pairsOnBridge).map((pair) => ({ ...pair, chain: pick(pair.subnet) })),
      'chain that marks the packets of each subnet, by bridge',
    ),
    ...subnetMaps(
      family,
      steerMap(family),
      new Map(elsewhere.map((subnet) => [subnet, pick(subnet)])),
      'chain that marks the packets of each subnet',
    ),
  ];
}
