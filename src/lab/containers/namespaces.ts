/**
 * Containers without an engine: network namespaces on a bridge that masquerades what leaves it, as
 * libvirt's and LXD's do.
 */
import type { Address, Subnet } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { inNetwork } from '../../host/namespaces.ts';
import type { TestHost } from '../test-host.ts';

import { imageFolder, type Containers } from './containers.ts';
import { makeImage } from './image.ts';

interface Bridge {
  readonly device: string;
  readonly subnet: Subnet;
  /** last byte of the next container's address */
  next: number;
}

export async function prepareNamespaces(host: TestHost): Promise<Containers> {
  await makeImage(host);
  const bridges = new Map<string, Bridge>();
  /** container -> its device on the host */
  const ports = new Map<string, string>();
  return {
    async createNetwork(name, subnet) {
      const bridge = { device: `mr${bridges.size}`, subnet, next: 2 };
      bridges.set(name, bridge);
      await createBridge(host, bridge);
    },
    async start(name, network) {
      const bridge = bridges.get(network);
      if (!bridge) throw new MustredirectError('failed', `network ${network}: not created yet`);
      const last = bridge.next++;
      const port = `${bridge.device}-${last}`;
      ports.set(name, port);
      await startContainer(host, bridge, name, last);
      return addressAt(bridge.subnet, last);
    },
    run: (name, argv) => host.exec.run(inNetwork(`/run/netns/${name}`, ['chroot', imageFolder, ...argv])),
    async remove(name) {
      // The kernel removes it with the namespace, but some time later.
      await host.run(['ip', 'link', 'delete', ports.get(name) ?? '']);
      await host.run(['ip', 'netns', 'delete', name]);
    },
  };
}

async function createBridge(host: TestHost, { device, subnet }: Bridge): Promise<void> {
  const commands = [
    `link add ${device} type bridge`,
    `address add ${addressAt(subnet, 1)}/24 dev ${device}`,
    `link set ${device} up`,
  ];
  await host.run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
  // As every engine does when it makes its first network.
  await host.files.overwrite('/proc/sys/net/ipv4/ip_forward', '1');
  const masquerade = `table ip lab-${device} { chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${subnet} ip daddr != ${subnet} masquerade
  }; }`;
  await host.run(['nft', '-f', '-'], { input: masquerade });
}

async function startContainer(host: TestHost, bridge: Bridge, name: string, last: number): Promise<void> {
  const port = `${bridge.device}-${last}`;
  await host.run(['ip', 'netns', 'add', name]);
  await host.run(['ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await host.run(['ip', 'link', 'set', port, 'master', bridge.device, 'up']);
  const inside = [
    'link set lo up',
    `address add ${addressAt(bridge.subnet, last)}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${addressAt(bridge.subnet, 1)}`,
  ];
  await host.run(['ip', '-netns', name, '-batch', '-'], { input: `${inside.join('\n')}\n` });
}

/** @param subnet a /24 */
function addressAt(subnet: Subnet, last: number): Address {
  return subnet.replace(/\d+\/24$/, String(last));
}
