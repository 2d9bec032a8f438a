/** Real tunnels between gw1 and upstream, in place of the veth that is the uplink elsewhere. */
import type { Family } from '../../src/address/cidr.ts';
import { waitUntil } from '../../src/host/process/background.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { keyPairs } from '../given/keys.ts';

export const families = [4, 6] as const;

type End = 'gw1' | 'upstream';

/** Addresses of the two ends in the network between them, the underlay; each end has two. */
const underlay = {
  4: { gw1: '198.51.100.1', upstream: '198.51.100.2', upstream2: '198.51.100.6' },
  6: { gw1: '2001:db8:51::1', upstream: '2001:db8:51::2', upstream2: '2001:db8:51::6' },
} as const;

/** MTU of the underlay */
export const outerMtu = 1500;

export interface TunnelCase {
  readonly name: string;
  readonly outer: Family;
  /** bytes that it adds to a packet */
  readonly overhead: number;
  /** its keys in the file: as it is at first, and changed in as much as the kernel can */
  readonly first: string;
  readonly changed: string;
  /** commands that make it by hand, as `first` does: arguments of `ip`, then other programs */
  readonly byHand: readonly string[];
  /** the same at the far end: `ip link add NAME ...` */
  readonly farFirst: readonly string[];
  readonly farChanged: readonly string[];
  /** outer packets, as tcpdump prints them; `changed` has another TTL */
  readonly packets: string;
  readonly packetsChanged: string;
}

const keyFile = '/etc/mustredirect/tunnel.key';
/** at both ends */
const presharedFile = '/etc/mustredirect/tunnel.psk';
const [ownKey, farKey] = keyPairs;

const ends = (outer: Family, far: 'upstream' | 'upstream2' = 'upstream'): string =>
  `local: '${underlay[outer].gw1}', remote: '${underlay[outer][far]}'`;
const farEnds = (outer: Family, far: 'upstream' | 'upstream2' = 'upstream'): string =>
  `local ${underlay[outer][far]} remote ${underlay[outer].gw1}`;

const nearEnds = (outer: Family): string => `local ${underlay[outer].gw1} remote ${underlay[outer].upstream}`;

const endpointOf = (outer: Family, far: 'upstream' | 'upstream2', port: number): string =>
  `${outer === 4 ? underlay[4][far] : `[${underlay[6][far]}]`}:${port}`;
const wireguard = (outer: Family, far: 'upstream' | 'upstream2', port: number, more: string): string =>
  `wireguard: { private_key_file: ${keyFile}, peer: ${farKey.publicKey}, endpoint: '${endpointOf(outer, far, port)}'${more} }`;
const nearWireguard = (outer: Family, port: number, file: string): readonly string[] => [
  `link add DEVICE mtu ${outerMtu - (outer === 4 ? 60 : 80)} type wireguard`,
  `wg set DEVICE private-key ${file} peer ${farKey.publicKey} endpoint ${endpointOf(outer, 'upstream', port)} allowed-ips 0.0.0.0/0,::/0`,
];
const farWireguard = (port: number): readonly string[] => [
  'link add DEVICE type wireguard',
  `wg DEVICE private-key ${keyFile} listen-port ${port} peer ${ownKey.publicKey} allowed-ips 0.0.0.0/0,::/0`,
];

const shared = `, preshared_key_file: ${presharedFile}`;
/** The same command with the key that both ends share. */
const withShared = (lines: readonly string[]): readonly string[] =>
  lines.map((line) =>
    line.replace(
      /^(wg .* peer \S+)/,
      (_, beginning: string) => `${beginning} preshared-key ${presharedFile}`,
    ),
  );

export const tunnels: readonly TunnelCase[] = [
  {
    name: 'gre',
    outer: 4,
    overhead: 24,
    first: `gre: { ${ends(4)} }`,
    changed: `gre: { ${ends(4, 'upstream2')}, ttl: 33 }`,
    byHand: [`link add DEVICE type gre ${nearEnds(4)} ttl 64`],
    farFirst: [`link add DEVICE type gre ${farEnds(4)} ttl 64`],
    farChanged: [`link add DEVICE type gre ${farEnds(4, 'upstream2')} ttl 64`],
    packets: 'GRE ttl 64 DF',
    packetsChanged: 'GRE ttl 33 DF',
  },
  {
    name: 'gre with key',
    outer: 4,
    overhead: 28,
    first: `gre: { ${ends(4)}, key: 7 }`,
    changed: `gre: { ${ends(4)}, key: 8 }`,
    byHand: [`link add DEVICE type gre ${nearEnds(4)} key 7 ttl 64`],
    farFirst: [`link add DEVICE type gre ${farEnds(4)} key 7 ttl 64`],
    farChanged: [`link add DEVICE type gre ${farEnds(4)} key 8 ttl 64`],
    packets: 'GRE ttl 64 DF',
    packetsChanged: 'GRE ttl 64 DF',
  },
  {
    name: 'gre over IPv6 with key',
    outer: 6,
    overhead: 48,
    first: `gre: { ${ends(6)}, key: 4294967295 }`,
    changed: `gre: { ${ends(6, 'upstream2')}, key: 0, ttl: 33 }`,
    byHand: [`link add DEVICE type ip6gre ${nearEnds(6)} key 4294967295 encaplimit none hoplimit 64`],
    farFirst: [`link add DEVICE type ip6gre ${farEnds(6)} key 4294967295 encaplimit none hoplimit 64`],
    farChanged: [`link add DEVICE type ip6gre ${farEnds(6, 'upstream2')} key 0 encaplimit none hoplimit 64`],
    packets: 'GRE hlim 64',
    packetsChanged: 'GRE hlim 33',
  },
  {
    name: 'ipip',
    outer: 4,
    overhead: 20,
    first: `ipip: { ${ends(4)} }`,
    changed: `ipip: { ${ends(4, 'upstream2')}, ttl: 33 }`,
    byHand: [`link add DEVICE type sit mode any ${nearEnds(4)} ttl 64`],
    farFirst: [`link add DEVICE type sit mode any ${farEnds(4)} ttl 64`],
    farChanged: [`link add DEVICE type sit mode any ${farEnds(4, 'upstream2')} ttl 64`],
    packets: 'IP in IP ttl 64 DF',
    packetsChanged: 'IP in IP ttl 33 DF',
  },
  {
    name: 'ipip over IPv6',
    outer: 6,
    overhead: 40,
    first: `ipip: { ${ends(6)} }`,
    changed: `ipip: { ${ends(6, 'upstream2')}, ttl: 33 }`,
    byHand: [`link add DEVICE type ip6tnl mode any ${nearEnds(6)} encaplimit none hoplimit 64`],
    farFirst: [`link add DEVICE type ip6tnl mode any ${farEnds(6)} encaplimit none hoplimit 64`],
    farChanged: [
      `link add DEVICE type ip6tnl mode any ${farEnds(6, 'upstream2')} encaplimit none hoplimit 64`,
    ],
    packets: 'IP in IP hlim 64',
    packetsChanged: 'IP in IP hlim 33',
  },
  {
    name: 'wireguard',
    outer: 4,
    overhead: 60,
    first: wireguard(4, 'upstream', 51_820, ', persistent_keepalive: 5'),
    changed: wireguard(4, 'upstream2', 51_830, ', listen_port: 51831'),
    byHand: nearWireguard(4, 51_820, keyFile),
    farFirst: farWireguard(51_820),
    farChanged: farWireguard(51_830),
    // The kernel's WireGuard has no TTL of its own, and lets outer packets be cut. [measured on 6.1, 6.12 and 7.2]
    packets: 'WireGuard ttl 64',
    packetsChanged: 'WireGuard ttl 64',
  },
  {
    name: 'wireguard over IPv6',
    outer: 6,
    overhead: 80,
    first: wireguard(6, 'upstream', 51_821, shared).replace(keyFile, `${keyFile}2`),
    changed: wireguard(6, 'upstream2', 51_821, `${shared}, listen_port: 51833`).replace(
      keyFile,
      `${keyFile}2`,
    ),
    byHand: withShared(nearWireguard(6, 51_821, `${keyFile}2`)),
    farFirst: withShared(farWireguard(51_821)).map((line) =>
      line.replace(ownKey.publicKey, keyPairs[2].publicKey),
    ),
    farChanged: withShared(farWireguard(51_821)).map((line) =>
      line.replace(ownKey.publicKey, keyPairs[2].publicKey),
    ),
    packets: 'WireGuard hlim 64',
    packetsChanged: 'WireGuard hlim 64',
  },
];

/** Device of a tunnel, at both ends. */
export const deviceOf = (index: number): string => `tun${index}`;
export const networkOf = (index: number): string => `net${index}`;
export const containerOf = (index: number): string => `web${index}`;
export const subnetsOf = (index: number): readonly [string, string] => [
  `10.89.${10 + index}.0/24`,
  `2001:db8:89:${10 + index}::/64`,
];
/** Address of an end inside the tunnel. */
export const innerOf = (index: number, family: Family, end: End): string =>
  family === 4
    ? `172.31.${10 + index}.${end === 'gw1' ? 1 : 2}`
    : `2001:db8:31:${10 + index}::${end === 'gw1' ? 1 : 2}`;

export const innerPrefix = (index: number, family: Family, end: End): string =>
  `${innerOf(index, family, end)}/${family === 4 ? 30 : 64}`;

/** File with a network and a gateway for each tunnel. */
export function tunnelFile(keysOf: (tunnel: TunnelCase, index: number) => string, cases = tunnels): string {
  const list = (read: (family: Family) => string): string =>
    `[${families.map((family) => `'${read(family)}'`).join(', ')}]`;
  return [
    'version: 1',
    'hosts:',
    `  node1: ${list((family) => addressesOf(family).node1)}`,
    `  gw1: ${list((family) => addressesOf(family).gw1)}`,
    'networks:',
    ...cases.map(
      (_, index) =>
        `  ${networkOf(index)}: { engine: external, subnets: { node1: [${subnetsOf(index).join(', ')}] }, via: gate${index} }`,
    ),
    'gateways:',
    ...cases.flatMap((tunnel, index) => [
      `  gate${index}:`,
      '    snat: masquerade',
      '    members:',
      '      - host: gw1',
      '        uplink:',
      `          device: ${deviceOf(index)}`,
      `          ${keysOf(tunnel, index)}`,
      `          addresses: ${list((family) => innerPrefix(index, family, 'gw1'))}`,
    ]),
    '',
  ].join('\n');
}

/** Turns the veth between gw1 and upstream into the underlay, wan0, and writes the keys of WireGuard. */
export async function makeUnderlay({ hosts: { gw1, upstream } }: World): Promise<void> {
  await Promise.all([renameLink(gw1, 'gw1', 'uplink0'), renameLink(upstream, 'upstream', 'gw1')]);
  const script = 'umask 077; mkdir -p /etc/mustredirect; cat > "$0"';
  for (const [host, path, { privateKey }] of [
    [gw1, keyFile, ownKey],
    [gw1, `${keyFile}2`, keyPairs[2]],
    [upstream, keyFile, farKey],
    // 32 bytes in base64, as `wg genpsk` prints them.
    [gw1, presharedFile, keyPairs[3]],
    [upstream, presharedFile, keyPairs[3]],
  ] as const) {
    await host.run(['sh', '-c', script, path], { input: `${privateKey}\n` });
  }
  await Promise.all([gw1, upstream].map(linkLocal));
}

/** Waits until the kernel has given wan0 its link-local address, and the routes of it: a moment after both ends are up. */
async function linkLocal(host: TestHost): Promise<void> {
  const argv = ['ip', '-6', '-o', 'address', 'show', 'dev', 'wan0', 'scope', 'link', '-tentative'];
  if (await waitUntil(async () => (await host.run(argv)) !== '', 10_000)) return;
  throw new Error('wan0 has no link-local address');
}

async function renameLink(host: TestHost, end: End, device: string): Promise<void> {
  await host.run(['ip', '-batch', '-'], {
    input: [
      `link set ${device} down`,
      `link set ${device} name wan0`,
      'address flush dev wan0',
      `address add ${underlay[4][end]}/29 dev wan0`,
      `address add ${underlay[6][end]}/64 dev wan0 nodad`,
      ...(end === 'upstream'
        ? [
            `address add ${underlay[4].upstream2}/29 dev wan0`,
            `address add ${underlay[6].upstream2}/64 dev wan0 nodad`,
          ]
        : []),
      'link set wan0 up',
      '',
    ].join('\n'),
  });
}

/** The far ends, in place of those before. Their routes to the containers lead through them. */
export async function makeFarEnds(
  { hosts: { upstream } }: World,
  linesOf: (tunnel: TunnelCase) => readonly string[],
  cases = tunnels,
): Promise<void> {
  const script = cases.flatMap((tunnel, index) => {
    const device = deviceOf(index);
    const [link = '', ...more] = linesOf(tunnel).map((line) => line.replaceAll('DEVICE', device));
    return [
      `ip link delete ${device} 2>/dev/null`,
      `ip ${link}`,
      ...more.map((line) => line.replace(/^wg/, 'wg set')),
      ...families.map(
        (family) =>
          `ip address add ${innerPrefix(index, family, 'upstream')} dev ${device}${family === 6 ? ' nodad' : ''}`,
      ),
      `ip link set ${device} up`,
    ];
  });
  await upstream.run(['sh', '-c', script.join('\n')]);
}
