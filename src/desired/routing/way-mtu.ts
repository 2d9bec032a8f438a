/** The path MTU from a network to the outside, as far as this host can know it. */
import { families, familyOf } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { linkTowards } from './neighbours.ts';

/** what a device has that nobody gave another */
export const kernelMtu = 1500;

export interface WayMtu {
  /** what is so narrow, for messages */
  readonly what: string;
  readonly mtu: number;
}

/** The uplink is on another host: only the file can tell its MTU. The link towards it limits what gets there at all. */
export function wayMtu(network: NodeNetwork, facts: Facts): WayMtu | undefined {
  const { gateway, uplinkMtu } = network;
  const [narrowest] = linksTowards(network, facts).sort((a, b) => a.mtu - b.mtu);
  if (narrowest && narrowest.mtu < (uplinkMtu ?? kernelMtu)) {
    return { what: `${narrowest.name}, which leads to gateway ${gateway},`, mtu: narrowest.mtu };
  }
  return uplinkMtu === undefined ? undefined : { what: `the uplink of gateway ${gateway}`, mtu: uplinkMtu };
}

/** Of each family that goes to the gateway; those whose MTU is known. */
function linksTowards(
  { nextHops, subnets, blocked }: NodeNetwork,
  facts: Facts,
): { name: string; mtu: number }[] {
  const open = subnets.map(familyOf).filter((family) => !blocked.includes(family));
  return families.flatMap((family) => {
    const hop = open.includes(family) ? nextHops.find((address) => familyOf(address) === family) : undefined;
    const { name, mtu } = (hop === undefined ? undefined : linkTowards(hop, facts, subnets)) ?? {};
    return name === undefined || mtu === undefined ? [] : [{ name, mtu }];
  });
}
