/** Layout of a lab: five test hosts and the links between them, as in DESIGN 1. */
import { type Address, type Family, type Subnet, familyOf } from '../address/cidr.ts';

export const hostNames = ['switch', 'node1', 'gw1', 'isp', 'upstream'] as const;
export type HostName = (typeof hostNames)[number];

/** Addresses of the test hosts. */
export const addresses = {
  node1: '192.168.50.10',
  gw1: '192.168.50.2',
  isp: '192.168.50.1',
  uplink: '172.31.0.2',
  upstream: '172.31.0.1',
  /** address of both isp and upstream: the one that replies shows which path was used */
  internet: '203.0.113.10',
} as const;

/** IPv6 addresses of the test hosts, in the documentation prefix of RFC 3849. */
const addresses6: Addresses = {
  node1: '2001:db8:50::10',
  gw1: '2001:db8:50::2',
  isp: '2001:db8:50::1',
  uplink: '2001:db8:31::2',
  upstream: '2001:db8:31::1',
  internet: '2001:db8:113::10',
};

type Addresses = Readonly<Record<keyof typeof addresses, Address>>;

export function addressesOf(family: Family): Addresses {
  return family === 4 ? addresses : addresses6;
}

/** network of the example file, with its subnets on node1 */
export const network = {
  name: 'mustredirect',
  subnet: '10.89.4.0/24',
  subnet6: '2001:db8:89:4::/64',
} as const;

export function subnetOf(family: Family): Subnet {
  return family === 4 ? network.subnet : network.subnet6;
}

/** Families of a lab, in output order. */
export type Families = readonly Family[];

export interface Sysctls {
  readonly rpFilter: 0 | 1 | 2;
  readonly srcValidMark: 0 | 1;
}

/**
 * Lines with a path below /proc/sys and its value. `all` and `default` are set before any device exists, so that they
 * apply to all devices. Forwarding stays off where mustredirect must enable it.
 */
export function hostSysctls(host: HostName, sysctls: Sysctls): readonly string[] {
  const router = host === 'isp' || host === 'upstream';
  return [
    `net/ipv4/ip_forward ${router ? 1 : 0}`,
    `net/ipv6/conf/all/forwarding ${router ? 1 : 0}`,
    ...['all', 'default'].flatMap((device) => [
      `net/ipv4/conf/${device}/rp_filter ${sysctls.rpFilter}`,
      `net/ipv4/conf/${device}/src_valid_mark ${sysctls.srcValidMark}`,
      // Without DAD, an address is usable and listed at once: two dumps of a host do not differ by it.
      `net/ipv6/conf/${device}/accept_dad 0`,
    ]),
  ];
}

export type Pids = Readonly<Record<HostName, number>>;

/** Lines for `ip -batch` in the switch: a bridge, and a veth to each host of the LAN. */
export function switchLinks(pids: Pids): string {
  const ports = (['node1', 'gw1', 'isp'] as const).flatMap((host) => [
    `link add ${host} type veth peer name eth0 netns ${pids[host]}`,
    `link set ${host} master lan up`,
  ]);
  return lines(['link add lan type bridge', 'link set lan up', ...ports]);
}

/** Lines for `ip -batch` in gw1: the veth to upstream. */
export function uplinkLinks(pids: Pick<Pids, 'upstream'>, families: Families = [4]): string {
  return lines([
    `link add uplink0 type veth peer name gw1 netns ${pids.upstream}`,
    ...families.map((family) => addAddress(addressesOf(family).uplink, 'uplink0')),
    'link set uplink0 up',
  ]);
}

/** Lines for `ip -batch` in each host, once its links exist. */
export function hostAddresses(host: HostName, containersRouted: boolean, families: Families = [4]): string {
  switch (host) {
    case 'switch':
      return '';
    case 'node1':
    case 'gw1':
      return lines([
        ...link(host, 'eth0', families),
        ...families.map((family) => `route add default via ${addressesOf(family).isp}`),
      ]);
    case 'isp':
      return lines([...link('isp', 'eth0', families), ...internet(families)]);
    case 'upstream':
      return lines([
        ...link('upstream', 'gw1', families),
        ...internet(families),
        ...(containersRouted ? families.map(routeToContainers) : []),
      ]);
  }
}

function link(host: 'node1' | 'gw1' | 'isp' | 'upstream', device: string, families: Families): string[] {
  return [
    ...families.map((family) => addAddress(addressesOf(family)[host], device)),
    `link set ${device} up`,
  ];
}

/** Adds the prefix length of the link: /30 for the uplink, /24 for the LAN. */
function addAddress(address: Address, device: string): string {
  const length = familyOf(address) === 6 ? 64 : address.startsWith('172.') ? 30 : 24;
  return `address add ${address}/${length} dev ${device}`;
}

function internet(families: Families): string[] {
  return families.map(
    (family) => `address add ${addressesOf(family).internet}/${family === 4 ? 32 : 128} dev lo`,
  );
}

function routeToContainers(family: Family): string {
  return `route add ${subnetOf(family)} via ${addressesOf(family).uplink}`;
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}
