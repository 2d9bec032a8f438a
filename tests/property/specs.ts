/** Random files for one host, `here`: node of some networks, gateway of others, with few enough subnets to overlap. */
import * as fc from 'fast-check';
import { type Family, overlaps } from '../../src/address/cidr.ts';
import type { Gateway, Network, Snat, Spec, TunnelSpec, Uplink } from '../../src/spec/spec.ts';
import { keyPairs } from '../given/keys.ts';
import { inBoth, inFamily, twin } from './twins.ts';

export const here = '192.168.50.10';
const node2 = '192.168.50.11';

/** all inside 10.0.0.0/22, down to /25 */
export const subnets = [22, 23, 24, 25].flatMap((length) =>
  Array.from({ length: 2 ** (length - 22) }, (_, i) => {
    const start = i * 2 ** (32 - length);
    return `10.0.${start >> 8}.${start & 255}/${length}`;
  }),
);

const directs = ['1.1.1.1/32', '192.168.50.0/24', '8.8.8.0/24'];

interface Draft {
  readonly subnet: string;
  readonly gateway: 'office' | 'home' | 'own' | 'other' | 'away';
  readonly engine: 'external' | 'podman';
  readonly direct: readonly string[];
  /** blocked family of a network with both */
  readonly blocked?: Family | undefined;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  // Small subnets are more frequent: a large one leaves no room for others.
  subnet: fc.constantFrom(...subnets),
  // Networks on this host, networks of node2 by this host, and networks of node2 by another gateway, which are blocked
  // here.
  gateway: fc.constantFrom('office', 'home', 'own', 'other', 'away'),
  engine: fc.constantFrom('external', 'podman'),
  direct: fc.subarray(directs),
  blocked: fc.option(fc.constantFrom(4, 6), { nil: undefined, freq: 3 }),
});

const uplink = (name: string): fc.Arbitrary<Uplink> => {
  // Two tunnels of one kind have ends or keys of their own.
  const number = name === 'own' ? 1 : 2;
  const ends = { local: '172.31.1.1', remote: `198.51.100.${number}`, ttl: 64 };
  const tunnel = {
    device: `tun${number}`,
    addresses: [`172.31.4.${number}/24`, `2001:db8:99::${number}/64`],
  };
  const wireguard = {
    type: 'wireguard',
    privateKeyFile: `/etc/mustredirect/${number}.key`,
    peer: keyPairs[2].publicKey,
    remote: ends.remote,
    remotePort: 51_820,
  } as const;
  return fc.constantFrom<Uplink>(
    { device: 'gre1' },
    { device: 'gre2' },
    { device: 'eth1', via: inBoth(['172.31.1.2']) },
    { device: 'eth1', via: ['172.31.1.2', 'fe80::1'] },
    { ...tunnel, tunnel: { type: 'gre', ...ends } },
    // Another key is changed in place, another kind is not.
    { ...tunnel, tunnel: { type: 'gre', ...ends, key: 7 } },
    { ...tunnel, tunnel: { type: 'gre', ...ends, key: 8 }, mtu: 1400 },
    { ...tunnel, tunnel: { type: 'ipip', ...ends } },
    { ...tunnel, tunnel: wireguard },
    {
      ...tunnel,
      tunnel: { ...wireguard, peer: keyPairs[3].publicKey, listenPort: 51_820 + number, keepalive: 25 },
    },
  );
};
const snat: fc.Arbitrary<Snat> = fc.constantFrom<Snat>('masquerade', 'none', inBoth(['203.0.113.7']));
const table = fc.option(fc.constantFrom(300, 301), { nil: undefined });

/** Gateway on another host, whose address may change. */
const remote = (host: string): fc.Arbitrary<Gateway> =>
  fc.record({ snat, table }).map(({ table: number, ...gateway }) => ({
    ...gateway,
    members: [{ host, uplink: { device: 'eth9' } }],
    ...(number === undefined ? {} : { table: number + (host === 'gw1' ? 0 : 10) }),
  }));

/** Gateway of which this host is the member. */
const local = (name: string): fc.Arbitrary<Gateway> =>
  fc
    .record({ snat, uplink: uplink(name) })
    .map(({ uplink: up, ...gateway }) => ({ ...gateway, members: [{ host: 'here', uplink: up }] }));

export const specs: fc.Arbitrary<Spec> = fc
  .record({
    addresses: fc.constantFrom(['192.168.50.2', '192.168.50.3'], ['192.168.50.4', '192.168.50.3']),
    drafts: fc.array(draft, { maxLength: 3 }),
    // Rare, since it takes time.
    crowd: fc.nat(4).map((n) => n === 0),
    office: remote('gw1'),
    home: remote('gw2'),
    own: local('own'),
    other: local('other'),
  })
  .map(({ addresses, drafts, crowd, ...gateways }) => ({
    hosts: {
      here: inBoth([here]),
      node2: inBoth([node2]),
      gw1: inBoth(addresses.slice(0, 1)),
      gw2: inBoth(addresses.slice(1)),
    },
    networks: { ...networksOf(drafts), ...(crowd ? { crowd: manySubnets } : {}) },
    gateways,
  }));

/** Number of subnets above the limit for rules by source: packets are steered by fwmark, if the links allow it. */
const manySubnets: Network = {
  engine: 'external',
  subnets: { node2: inBoth(Array.from({ length: 17 }, (_, i) => `10.2.${2 * i}.0/24`)) },
  via: 'office',
  direct: [],
  blocked: [],
};

/** Omits networks that overlap an earlier one. */
function networksOf(drafts: readonly Draft[]): Record<string, Network> {
  const kept: Draft[] = [];
  for (const next of drafts) {
    if (!kept.some(({ subnet }) => overlaps(subnet, next.subnet))) kept.push(next);
  }
  return Object.fromEntries(
    kept.map(({ subnet, gateway, engine, direct, blocked }) => {
      const both = subnetsOf(subnet).length > 1;
      const node = gateway === 'office' || gateway === 'home' ? 'here' : 'node2';
      return [
        networkName(subnet),
        {
          engine,
          subnets: { [node]: subnetsOf(subnet) },
          via: gateway === 'away' ? 'office' : gateway,
          direct: node === 'here' ? inBoth(direct) : [],
          blocked: both && blocked !== undefined ? [blocked] : [],
        },
      ];
    }),
  );
}

/** Subnets of a network with IPv4, IPv6 or both, by its IPv4 subnet: the same in every file. */
export function subnetsOf(subnet: string): string[] {
  const families = ([[4], [6], [4, 6]] as const)[subnets.indexOf(subnet) % 3] ?? [];
  return families.map((family) => inFamily(family, subnet));
}

/** A subnet has the same network in every file: engines cannot change the subnet of a network. */
export function networkName(subnet: string): string {
  return `net-${subnet.replace('/', '-')}`;
}

/** One source in each of the smallest subnets. */
export const sources = inBoth(
  subnets.filter((subnet) => subnet.endsWith('/25')).map((subnet) => addressIn(subnet)),
);

function addressIn(subnet: string): string {
  const [a, b, c, d] = (subnet.split('/')[0] ?? '').split('.').map(Number);
  return [a, b, c, (d ?? 0) + 5].join('.');
}

/**
 * Destinations outside, on the link, direct, behind uplinks, and foreign containers. For IPv6 one of each, to save
 * time.
 */
export const destinations = [
  '9.9.9.9',
  '192.168.50.99',
  '1.1.1.1',
  '8.8.8.8',
  '172.31.1.2',
  ...sources.slice(0, 2),
  ...['9.9.9.9', '1.1.1.1'].map(twin),
  ...sources.slice(-1),
];

function fixedPart(tunnel: TunnelSpec): string {
  return `${tunnel.type} ${'key' in tunnel && tunnel.key !== undefined}`;
}

/** Whether the kernel cannot change a tunnel of the first file to that of the second. */
export function remakesTunnel(before: Spec, after: Spec): boolean {
  return (['own', 'other'] as const).some((name) => {
    const [from, to] = [before, after].map(({ gateways }) => gateways[name]?.members[0]?.uplink.tunnel);
    return from && to && fixedPart(from) !== fixedPart(to);
  });
}
