/** Path MTU from a network to the outside, as far as this host knows it. */
import { families } from '../../address/cidr.ts';
import { isOpen, ofFamily } from '../addresses.ts';
import type { Facts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { linkTowards } from './neighbours.ts';

/** the kernel's default MTU of a device */
export const kernelMtu = 1500;

export interface PathMtu {
  /** the device with that MTU, for messages */
  readonly what: string;
  readonly mtu: number;
}

/**
 * The smaller MTU of the link to the gateway and of its uplink, which is on another host and only known from the file.
 */
export function pathMtu(network: NodeNetwork, facts: Facts): PathMtu | undefined {
  const { gateway, uplinkMtu } = network;
  const [smallest] = linksTowards(network, facts).sort((a, b) => a.mtu - b.mtu);
  if (smallest && smallest.mtu < (uplinkMtu ?? kernelMtu)) {
    return { what: `${smallest.name}, which leads to gateway ${gateway},`, mtu: smallest.mtu };
  }
  return uplinkMtu === undefined ? undefined : { what: `the uplink of gateway ${gateway}`, mtu: uplinkMtu };
}

/** Links to the gateway with a known MTU, one for each redirected family. */
function linksTowards(network: NodeNetwork, facts: Facts): { name: string; mtu: number }[] {
  return families.flatMap((family) => {
    const [hop] = isOpen(network, family) ? ofFamily(network.nextHops, family) : [];
    const { name, mtu } = (hop === undefined ? undefined : linkTowards(hop, facts, network.subnets)) ?? {};
    return name === undefined || mtu === undefined ? [] : [{ name, mtu }];
  });
}
