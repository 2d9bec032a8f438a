/** The maps that lead each redirected subnet to the chain that marks its packets. */
import type { Family, Subnet } from '../../address/cidr.ts';
import { type Part, type Wanted, isBridged, steeredSubnets } from '../parts.ts';
import { steerMap } from '../routing/ways.ts';
import { type OnBridge, bridgeMaps, subnetMaps } from './subnet-sets.ts';

/** What is steered by a rule is marked as seen alone; what goes nowhere not even so, where no rule closes it. */
export function steeringMaps(family: Family, parts: readonly Part[], byMark: boolean): Wanted[] {
  const chains = new Map<Subnet, string>();
  const [bridged, others] = [parts.filter(isBridged), parts.filter((part) => !isBridged(part))];
  for (const part of parts) {
    for (const subnet of part.subnets)
      if (!chains.has(subnet)) chains.set(subnet, `${byMark ? 'unseen' : 'marks'}${family}`);
    if (!part.steer || !byMark) continue;
    for (const subnet of steeredSubnets(part)) chains.set(subnet, `to${family}_${part.steer.gateway}`);
  }
  const known = new Set(bridged.flatMap((part) => part.subnets));
  const elsewhere = others.flatMap((part) => part.subnets).filter((subnet) => !known.has(subnet));
  const pick = (subnet: Subnet): string => chains.get(subnet) ?? '';
  return [
    ...bridgeMaps(
      family,
      bridged.flatMap(pairsOnBridge).map((pair) => ({ ...pair, chain: pick(pair.subnet) })),
      'leads each subnet, by its bridge, to what marks it',
    ),
    ...subnetMaps(
      family,
      steerMap(family),
      new Map(elsewhere.map((subnet) => [subnet, pick(subnet)])),
      'leads each subnet to what marks it',
    ),
  ];
}

/** The subnets of a network on this host, each with the bridge that its containers are on. */
export function pairsOnBridge({ local, bridge, subnets }: Part): OnBridge[] {
  return local && bridge !== undefined ? subnets.map((subnet) => ({ subnet, bridge })) : [];
}
