/** Two members with real tunnels as their uplinks, GRE with a key and WireGuard, to one upstream router. */
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { type RoutingWorld, fileText, second } from '../live/routing/world.ts';
import { keyPairs } from '../given/keys.ts';

const keyFile = '/etc/mustredirect/wg0.key';
const [ownKey, farKey] = keyPairs;
const port = 51_820;

/** Ends of both tunnels in the networks between the members and the router. */
const outer = {
  gw1: { near: '198.51.100.1', far: '198.51.100.2' },
  gw2: { near: '198.51.100.5', far: '198.51.100.6' },
} as const;
/** of both ends */
const mtu = 1420;

const first = {
  4: { uplink: addressesOf(4).uplink, upstream: addressesOf(4).upstream },
  6: { uplink: addressesOf(6).uplink, upstream: addressesOf(6).upstream },
} as const;

type Ends = Readonly<Record<4 | 6, { readonly uplink: string; readonly upstream: string }>>;

/** The file of a world with two members, each with a tunnel in place of its uplink. */
export function tunnelsText(...parts: Parameters<typeof fileText>): string {
  const gre = `gre: { local: ${outer.gw1.near}, remote: ${outer.gw1.far}, key: 7, mtu: ${mtu} }`;
  const wireguard = `wireguard: { private_key_file: ${keyFile}, peer: ${farKey.publicKey}, endpoint: '${outer.gw2.far}:${port}', listen_port: ${port}, mtu: ${mtu} }`;
  const addresses = (ends: Ends, more = ''): string =>
    `addresses: [${ends[4].uplink}/30, '${ends[6].uplink}/64'${more}]`;
  return fileText(...parts)
    .replace('device: uplink0,', `device: tun0, ${gre}, ${addresses(first)},`)
    .replace('device: uplink0,', `device: tun0, ${wireguard}, ${addresses(second, ", 'fe80::1/64'")},`);
}

/** Turns the links of the uplinks into the networks between, and makes the far ends, which have the names of those links. */
export async function makeTunnels({ hosts: { gw1, upstream }, gw2 }: RoutingWorld): Promise<void> {
  await writeKey(gw2, ownKey.privateKey);
  await writeKey(upstream, farKey.privateKey);
  for (const [host, name] of [
    [gw1, 'gw1'],
    [gw2, 'gw2'],
  ] as const) {
    await batch(host, renaming('uplink0', 'wan0', outer[name].near));
    await batch(upstream, renaming(name, `wan-${name}`, outer[name].far));
  }
  await batch(upstream, [
    `link add gw1 type gre local ${outer.gw1.far} remote ${outer.gw1.near} key 7 ttl 64`,
    'link add gw2 type wireguard',
    ...farAddresses('gw1', first),
    ...farAddresses('gw2', second),
    'address add fe80::2/64 dev gw2 nodad',
  ]);
  const peer = `peer ${ownKey.publicKey} endpoint ${outer.gw2.near}:${port} allowed-ips 0.0.0.0/0,::/0`;
  await upstream.run([
    'wg',
    'set',
    'gw2',
    'private-key',
    keyFile,
    'listen-port',
    `${port}`,
    ...peer.split(' '),
  ]);
  await batch(
    upstream,
    ['gw1', 'gw2'].map((device) => `link set ${device} mtu ${mtu} up`),
  );
}

function renaming(device: string, name: string, address: string): string[] {
  return [
    `link set ${device} down`,
    `link set ${device} name ${name}`,
    `address flush dev ${name}`,
    `address add ${address}/30 dev ${name}`,
    `link set ${name} up`,
  ];
}

function farAddresses(device: string, ends: Ends): string[] {
  return [
    `address add ${ends[4].upstream}/30 dev ${device}`,
    `address add ${ends[6].upstream}/64 dev ${device} nodad`,
  ];
}

async function batch(host: TestHost, lines: readonly string[]): Promise<void> {
  await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function writeKey(host: TestHost, key: string): Promise<void> {
  await host.run(['sh', '-c', 'umask 077; mkdir -p /etc/mustredirect; cat > "$0"', keyFile], {
    input: `${key}\n`,
  });
}
