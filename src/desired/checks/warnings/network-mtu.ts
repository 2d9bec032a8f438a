/** Warns that a network's MTU is larger than the path MTU to the outside. */
import type { Link, NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';
import { type PathMtu, kernelMtu } from '../../routing/path-mtu.ts';

/** @param bridge the network's bridge, if it exists */
export function networkMtu(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  bridge: Link | undefined,
  path: PathMtu | undefined,
): Warning[] {
  const mtu = found?.mtu ?? bridge?.mtu ?? kernelMtu;
  // A network that we create gets an MTU that fits.
  if (!path || mtu <= path.mtu || found?.exists === false) return [];
  return [
    {
      message: `network ${network.name}: its packets may have ${mtu} bytes, and ${path.what} takes ${path.mtu}: larger packets depend on path MTU discovery`,
      hint: remedy(network, path.mtu),
    },
  ];
}

/** A container keeps the MTU that it was started with. */
function remedy({ name, engine }: NodeNetwork, mtu: number): string {
  const recreate = (program: string, option: string): string =>
    `recreate it: \`${program} network rm ${name}\`, then \`${program} network create --opt ${option}=${mtu}\` with the same subnets`;
  switch (engine) {
    case 'podman':
      return recreate('podman', 'mtu');
    case 'docker':
      return recreate('docker', 'com.docker.network.driver.mtu');
    case 'nerdctl':
      return recreate('nerdctl', 'mtu');
    case 'cni':
      return `set \`"mtu": ${mtu}\` in its bridge plugin, and restart its containers`;
    case 'external':
      return `give its bridge, and its containers' devices, the smaller MTU: \`ip link set DEVICE mtu ${mtu}\``;
  }
}
