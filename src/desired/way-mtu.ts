/** How large a packet of a network may be to go all the way to the outside in one piece, as far as this host can know. */
import { familyOf } from '../address/cidr.ts';
import type { Facts } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { linkTowards } from './neighbours.ts';

/** what a device has that nobody gave another */
export const kernelMtu = 1500;

export interface WayMtu {
  /** what is so narrow, for messages */
  readonly what: string;
  readonly mtu: number;
}

/** The uplink is on another host: only the file can tell its MTU. The link towards it limits what gets there at all. */
export function wayMtu(network: NodeNetwork, { links }: Facts): WayMtu | undefined {
  const { gateway, nextHops, subnets, uplinkMtu } = network;
  const hop = nextHops.find((address) => subnets.some((subnet) => familyOf(subnet) === familyOf(address)));
  const link = hop === undefined ? undefined : linkTowards(hop, links, subnets);
  if (link?.mtu !== undefined && link.mtu < (uplinkMtu ?? kernelMtu)) {
    return { what: `${link.name}, which leads to gateway ${gateway},`, mtu: link.mtu };
  }
  return uplinkMtu === undefined ? undefined : { what: `the uplink of gateway ${gateway}`, mtu: uplinkMtu };
}
