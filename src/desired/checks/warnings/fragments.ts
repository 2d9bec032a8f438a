/** Warns that IPv6 fragments are lost between a bridge and an uplink with a smaller MTU. */
import { isOpen } from '../../addresses.ts';
import type { Facts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';
import { type PathMtu, kernelMtu } from '../../routing/path-mtu.ts';

/**
 * With br_netfilter, the kernel reassembles fragments on the bridge, forgets their size, and sends the whole packet
 * [measured on 6.18]. The gateway replies "packet too big" to a container that has already fragmented it. Routers
 * fragment IPv4.
 */
export function fragments(network: NodeNetwork, path: PathMtu | undefined, facts: Facts): Warning[] {
  if (!isOpen(network, 6) || !facts.bridgeFilter6 || !path || path.mtu >= kernelMtu) return [];
  return [
    {
      message: `network ${network.name}: fragmented IPv6 packets of its containers are lost: net.bridge.bridge-nf-call-ip6tables is 1, and ${path.what} takes ${path.mtu} bytes`,
      hint: '`sysctl net.bridge.bridge-nf-call-ip6tables=0`, unless something on this host filters inside of bridges',
    },
  ];
}
