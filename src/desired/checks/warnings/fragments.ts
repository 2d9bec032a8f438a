/** Fragments of IPv6 that get lost between a bridge and a narrow uplink. */
import { familyOf } from '../../../address/cidr.ts';
import type { Facts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';
import { type WayMtu, kernelMtu } from '../../routing/way-mtu.ts';

/**
 * With br_netfilter, the kernel puts fragments together on the bridge, forgets how large they were, and sends the whole
 * [measured on 6.18]. The gateway answers that it is too big, to a container that has cut it already. IPv4 is cut on the way.
 */
export function fragments(network: NodeNetwork, way: WayMtu | undefined, facts: Facts): Warning[] {
  const { name, subnets, blocked } = network;
  const has6 = subnets.some((subnet) => familyOf(subnet) === 6) && !blocked.includes(6);
  if (!has6 || !facts.bridgeFilter6 || !way || way.mtu >= kernelMtu) return [];
  return [
    {
      message: `network ${name}: fragmented IPv6 packets of its containers are lost: net.bridge.bridge-nf-call-ip6tables is 1, and ${way.what} takes ${way.mtu} bytes`,
      hint: '`sysctl net.bridge.bridge-nf-call-ip6tables=0`, unless something on this host filters inside of bridges',
    },
  ];
}
