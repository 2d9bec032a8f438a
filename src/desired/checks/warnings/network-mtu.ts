/** A network whose packets are larger than what the way out takes. */
import type { Link, NetworkFacts } from '../../../state/facts.ts';
import type { NodeNetwork } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';
import { type WayMtu, kernelMtu } from '../../routing/way-mtu.ts';

/** @param bridge the network's, when it is there */
export function networkMtu(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  bridge: Link | undefined,
  way: WayMtu | undefined,
): Warning[] {
  const mtu = found?.mtu ?? bridge?.mtu ?? kernelMtu;
  // One that we make ourselves gets what fits.
  if (!way || mtu <= way.mtu || found?.exists === false) return [];
  return [
    {
      message: `network ${network.name}: its packets may have ${mtu} bytes, and ${way.what} takes ${way.mtu}: larger packets depend on path MTU discovery`,
      hint: remedy(network, way.mtu),
    },
  ];
}

/** A container keeps what it was started with. */
function remedy({ name, engine }: NodeNetwork, mtu: number): string {
  const anew = (program: string, option: string): string =>
    `recreate it: \`${program} network rm ${name}\`, then \`${program} network create --opt ${option}=${mtu}\` with the same subnets`;
  switch (engine) {
    case 'podman':
      return anew('podman', 'mtu');
    case 'docker':
      return anew('docker', 'com.docker.network.driver.mtu');
    case 'nerdctl':
      return anew('nerdctl', 'mtu');
    case 'cni':
      return `set \`"mtu": ${mtu}\` in its bridge plugin, and restart its containers`;
    case 'external':
      return `give its bridge, and its containers' devices, the smaller MTU: \`ip link set DEVICE mtu ${mtu}\``;
  }
}
