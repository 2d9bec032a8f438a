/** Keys of an uplink, and of a tunnel that mustredirect makes for it: their schemas, and the help that editors show. */
import * as z from 'zod';
import {
  addressOf,
  deviceOf,
  devicePattern,
  endpointOf,
  expected,
  interfaceAddressOf,
  keyFileOf,
  keyFilePattern,
  oneOrMany,
  publicKeyOf,
  publicKeyPattern,
} from './values.ts';

const nextHopWhat = 'the address of the next hop';
const prefixWhat = 'an address with prefix length like 172.31.0.1/30';
const localWhat = 'an address of this member';
const remoteWhat = 'the address of the far end';

/** MTU that every IPv4 host must support, and the maximum packet size */
const [smallestMtu, largestMtu] = [576, 65535];

function numberOf(what: string, least: number, most: number) {
  const error = expected(`${what} from ${least} to ${most}`);
  return z.int(error).min(least, error).max(most, error).exactOptional();
}

function mtuOf() {
  return numberOf('an MTU', smallestMtu, largestMtu);
}

export const uplinkShape = {
  device: deviceOf('the name of a network device').meta({
    title: 'device',
    description: 'Network device that redirected traffic leaves by.',
    pattern: devicePattern.source,
    examples: ['gre1', 'eth1'],
  }),
  via: oneOrMany(addressOf(nextHopWhat), `${nextHopWhat}, or a list of one per family`)
    .exactOptional()
    .meta({
      title: 'via',
      description:
        'Address of the next hop (a list holds one per family). Leave it out on a point-to-point link, such as a tunnel.',
      examples: ['172.31.0.2', ['172.31.0.2', 'fe80::1']],
    }),
  addresses: z
    .array(interfaceAddressOf(prefixWhat), expected('a list of addresses with prefix length'))
    .min(1, `expected ${prefixWhat}, found an empty list`)
    .exactOptional()
    .meta({
      title: 'addresses',
      description: 'Addresses of a tunnel that mustredirect makes, each with prefix length.',
      examples: [['172.31.0.1/30']],
    }),
  mtu: mtuOf().meta({
    title: 'mtu',
    description:
      'MTU of the uplink in bytes. Nodes cannot read it from the gateway: with this key, plan and doctor on a node warn of networks with a larger MTU.',
    examples: [1476],
  }),
};

const tunnelMtu = mtuOf().meta({
  title: 'mtu',
  description:
    'MTU of the tunnel in bytes, the same as mtu of the uplink. When left out, the MTU of the route to the far end minus the headers.',
  examples: [1400],
});

const common = {
  local: addressOf(localWhat).meta({
    title: 'local',
    description: 'Address of this member that the tunnel starts at.',
    examples: ['192.0.2.1'],
  }),
  remote: addressOf(remoteWhat).meta({
    title: 'remote',
    description: 'Address of the router at the far end, in the family of local.',
    examples: ['198.51.100.1'],
  }),
  ttl: numberOf('a TTL', 1, 255).meta({
    title: 'ttl',
    description: 'TTL, or hop limit, of the outer packets. Default: 64.',
    examples: [64],
  }),
  mtu: tunnelMtu,
};

export const greShape = {
  ...common,
  key: numberOf('a key', 0, 0xffffffff).meta({
    title: 'key',
    description: 'GRE key, the same at both ends. Default: none.',
    examples: [7],
  }),
};

export const ipipShape = common;

const keyFileWhat = 'the absolute path of a file with a private key, without blanks and quotes';
const presharedFileWhat =
  'the absolute path of a file with a key that both ends share, without blanks and quotes';
const peerWhat = 'the public key of the far end';
const endpointWhat = 'address and UDP port of the far end like 198.51.100.1:51820 or [2001:db8::1]:51820';

export const wireguardShape = {
  private_key_file: keyFileOf(keyFileWhat).meta({
    title: 'private_key_file',
    description:
      "File with the private key of this member, as `wg genkey` prints it. It must be root's, with mode 0600.",
    pattern: keyFilePattern.source,
    examples: ['/etc/mustredirect/wg0.key'],
  }),
  peer: publicKeyOf(peerWhat).meta({
    title: 'peer',
    description: 'Public key of the far end, as `wg pubkey` prints it.',
    pattern: publicKeyPattern.source,
    examples: ['xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='],
  }),
  preshared_key_file: keyFileOf(presharedFileWhat)
    .exactOptional()
    .meta({
      title: 'preshared_key_file',
      description:
        "File with the key that both ends share, as `wg genpsk` prints it; many providers give one. It must be root's, with mode 0600. Default: none.",
      pattern: keyFilePattern.source,
      examples: ['/etc/mustredirect/wg0.psk'],
    }),
  endpoint: endpointOf(endpointWhat).meta({
    title: 'endpoint',
    description: 'Address and UDP port of the far end.',
    examples: ['198.51.100.1:51820', '[2001:db8::1]:51820'],
  }),
  listen_port: numberOf('a UDP port', 1, 65_535).meta({
    title: 'listen_port',
    description: 'UDP port of this member. Default: chosen by the kernel.',
    examples: [51820],
  }),
  persistent_keepalive: numberOf('a number of seconds', 1, 65_535).meta({
    title: 'persistent_keepalive',
    description:
      'Seconds between packets that keep a NAT or firewall on the path open to the far end. Default: none are sent.',
    examples: [25],
  }),
  mtu: tunnelMtu,
};
