/** Containers without an engine: network namespaces on a bridge with masquerade, like those of libvirt and LXD. */
import { type Address, type Subnet, familyOf } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { inNetwork } from '../../host/process/namespaces.ts';
import type { TestHost } from '../test-host.ts';
import { imageFolder, type Containers } from './containers.ts';
import { makeImage } from './image.ts';

interface Bridge {
  readonly device: string;
  readonly subnets: readonly Subnet[];
  /** last part of the next container's addresses */
  next: number;
}

interface Port {
  /** device of the container on the host */
  readonly device: string;
  readonly addresses: readonly Address[];
}

export async function prepareNamespaces(host: TestHost): Promise<Containers> {
  await makeImage(host);
  const bridges = new Map<string, Bridge>();
  /** by container name */
  const ports = new Map<string, Port>();
  return {
    async createNetwork(name, ...subnets) {
      const bridge = { device: `mr${bridges.size}`, subnets, next: 2 };
      bridges.set(name, bridge);
      await createBridge(host, bridge);
    },
    async start(name, network) {
      const bridge = bridges.get(network);
      if (!bridge) throw new MustredirectError('failed', `network ${network}: not created yet`);
      const last = bridge.next++;
      const addresses = bridge.subnets.map((subnet) => addressAt(subnet, last));
      ports.set(name, { device: `${bridge.device}-${last}`, addresses });
      await startContainer(host, bridge, name, last);
      return addresses[0] ?? '';
    },
    addresses: async (name) => ports.get(name)?.addresses ?? [],
    run: (name, argv) => host.exec.run(inNetwork(`/run/netns/${name}`, ['chroot', imageFolder, ...argv])),
    async remove(name) {
      // The kernel removes the device with the namespace, but with a delay.
      await host.run(['ip', 'link', 'delete', ports.get(name)?.device ?? '']);
      await host.run(['ip', 'netns', 'delete', name]);
    },
  };
}

async function createBridge(host: TestHost, { device, subnets }: Bridge): Promise<void> {
  const commands = [
    `link add ${device} type bridge`,
    ...subnets.map((subnet) => addAddress(subnet, 1, device)),
    `link set ${device} up`,
  ];
  await host.run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
  for (const subnet of subnets) {
    // Engines do the same for their first network.
    await host.files.overwrite(forwarding[familyOf(subnet)], '1');
    await host.run(['nft', '-f', '-'], { input: masquerade(device, subnet) });
  }
}

const forwarding = {
  4: '/proc/sys/net/ipv4/ip_forward',
  6: '/proc/sys/net/ipv6/conf/all/forwarding',
} as const;

function masquerade(device: string, subnet: Subnet): string {
  const ip = familyOf(subnet) === 4 ? 'ip' : 'ip6';
  return `table ${ip} lab-${device} { chain postrouting {
    type nat hook postrouting priority srcnat;
    ${ip} saddr ${subnet} ${ip} daddr != ${subnet} masquerade
  }; }`;
}

async function startContainer(host: TestHost, bridge: Bridge, name: string, last: number): Promise<void> {
  const port = `${bridge.device}-${last}`;
  await host.run(['ip', 'netns', 'add', name]);
  await host.run(['ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await host.run(['ip', 'link', 'set', port, 'master', bridge.device, 'up']);
  const inside = [
    'link set lo up',
    ...bridge.subnets.map((subnet) => addAddress(subnet, last, 'eth0')),
    'link set eth0 up',
    ...bridge.subnets.map((subnet) => `route add default via ${addressAt(subnet, 1)}`),
  ];
  await host.run(['ip', '-netns', name, '-batch', '-'], { input: `${inside.join('\n')}\n` });
}

/** Disables duplicate address detection, so that the address is usable at once. */
function addAddress(subnet: Subnet, last: number, device: string): string {
  const length = subnet.split('/')[1] ?? '';
  const nodad = familyOf(subnet) === 6 ? ' nodad' : '';
  return `address add ${addressAt(subnet, last)}/${length} dev ${device}${nodad}`;
}

/** @param subnet a /24, or a /64 that ends in `::` */
function addressAt(subnet: Subnet, last: number): Address {
  return familyOf(subnet) === 4
    ? subnet.replace(/\d+\/24$/, String(last))
    : subnet.replace(/\/64$/, last.toString(16));
}
