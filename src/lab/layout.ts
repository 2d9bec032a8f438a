/** What a lab consists of: five test hosts and the links between them, as DESIGN 1 has them. */

export const hostNames = ['switch', 'node1', 'gw1', 'isp', 'upstream'] as const;
export type HostName = (typeof hostNames)[number];

/** What the test hosts call each other, and where. */
export const addresses = {
  node1: '192.168.50.10',
  gw1: '192.168.50.2',
  isp: '192.168.50.1',
  uplink: '172.31.0.2',
  upstream: '172.31.0.1',
  /** held by isp and upstream alike: who answers tells which way was taken */
  internet: '203.0.113.10',
} as const;

/** the network of the example file, and its subnet on node1 */
export const network = { name: 'mustredirect', subnet: '10.89.4.0/24' } as const;

export interface Sysctls {
  readonly rpFilter: 0 | 1 | 2;
  readonly srcValidMark: 0 | 1;
}

/**
 * Lines of a path below /proc/sys and its value. `all` and `default` go before any device exists, so that every
 * device has them. Forwarding is off where mustredirect must find that out for itself.
 */
export function hostSysctls(host: HostName, sysctls: Sysctls): readonly string[] {
  const router = host === 'isp' || host === 'upstream';
  return [
    `net/ipv4/ip_forward ${router ? 1 : 0}`,
    ...['all', 'default'].flatMap((device) => [
      `net/ipv4/conf/${device}/rp_filter ${sysctls.rpFilter}`,
      `net/ipv4/conf/${device}/src_valid_mark ${sysctls.srcValidMark}`,
      // An address can be used, and is listed, at once: two readings of a host do not differ by it.
      `net/ipv6/conf/${device}/accept_dad 0`,
    ]),
  ];
}

export type Pids = Readonly<Record<HostName, number>>;

/** For `ip -batch` in the switch: a bridge, and a cable to each host of the LAN. */
export function switchLinks(pids: Pids): string {
  const ports = (['node1', 'gw1', 'isp'] as const).flatMap((host) => [
    `link add ${host} type veth peer name eth0 netns ${pids[host]}`,
    `link set ${host} master lan up`,
  ]);
  return lines(['link add lan type bridge', 'link set lan up', ...ports]);
}

/** For `ip -batch` in gw1: the cable to upstream. */
export function uplinkLinks(pids: Pick<Pids, 'upstream'>): string {
  return lines([
    `link add uplink0 type veth peer name gw1 netns ${pids.upstream}`,
    `address add ${addresses.uplink}/30 dev uplink0`,
    'link set uplink0 up',
  ]);
}

/** For `ip -batch` in each host, when its links are there. */
export function hostAddresses(host: HostName, containersRouted: boolean): string {
  switch (host) {
    case 'switch':
      return '';
    case 'node1':
    case 'gw1':
      return lines([...lan(addresses[host]), `route add default via ${addresses.isp}`]);
    case 'isp':
      return lines([...lan(addresses.isp), ...internet]);
    case 'upstream':
      return lines([
        `address add ${addresses.upstream}/30 dev gw1`,
        'link set gw1 up',
        ...internet,
        ...(containersRouted ? [`route add ${network.subnet} via ${addresses.uplink}`] : []),
      ]);
  }
}

const internet = [`address add ${addresses.internet}/32 dev lo`];

function lan(address: string): readonly string[] {
  return [`address add ${address}/24 dev eth0`, 'link set eth0 up'];
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}
