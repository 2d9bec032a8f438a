/** Random files for one host, `here`: node of some networks, gateway of others, over few enough subnets to overlap. */
import * as fc from 'fast-check';
import { type Family, overlaps } from '../../src/address/cidr.ts';
import type { Gateway, Network, Snat, Spec, Uplink } from '../../src/spec/spec.ts';
import { inBoth, inFamily, twin } from './twins.ts';

export const here = '192.168.50.10';
const node2 = '192.168.50.11';

/** all inside of 10.0.0.0/22, down to /25 */
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
  /** of a network of both */
  readonly blocked?: Family | undefined;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  // Weighted towards small ones: a large one leaves no place for others.
  subnet: fc.constantFrom(...subnets),
  // Ours, of node2 by this host, and of node2 by another gateway: then they are only closed here.
  gateway: fc.constantFrom('office', 'home', 'own', 'other', 'away'),
  engine: fc.constantFrom('external', 'podman'),
  direct: fc.subarray(directs),
  blocked: fc.option(fc.constantFrom(4, 6), { nil: undefined, freq: 3 }),
});

const uplink: fc.Arbitrary<Uplink> = fc.constantFrom(
  { device: 'gre1' },
  { device: 'gre2' },
  { device: 'eth1', via: inBoth(['172.31.1.2']) },
  { device: 'eth1', via: ['172.31.1.2', 'fe80::1'] },
);
const snat: fc.Arbitrary<Snat> = fc.constantFrom<Snat>('masquerade', 'none', inBoth(['203.0.113.7']));
const table = fc.option(fc.constantFrom(300, 301), { nil: undefined });

/** A gateway elsewhere, whose address may change. */
const remote = (host: string): fc.Arbitrary<Gateway> =>
  fc.record({ snat, table }).map(({ table: number, ...gateway }) => ({
    ...gateway,
    members: [{ host, uplink: { device: 'eth9' } }],
    ...(number === undefined ? {} : { table: number + (host === 'gw1' ? 0 : 10) }),
  }));

const own = fc
  .record({ snat, uplink })
  .map(({ uplink: up, ...gateway }): Gateway => ({ ...gateway, members: [{ host: 'here', uplink: up }] }));

export const specs: fc.Arbitrary<Spec> = fc
  .record({
    addresses: fc.constantFrom(['192.168.50.2', '192.168.50.3'], ['192.168.50.4', '192.168.50.3']),
    drafts: fc.array(draft, { maxLength: 3 }),
    // Not often: they take time.
    crowd: fc.nat(4).map((n) => n === 0),
    office: remote('gw1'),
    home: remote('gw2'),
    own,
    other: own,
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

/** More than rules by source are made for: with them, a mark steers where the links let it. */
const manySubnets: Network = {
  engine: 'external',
  subnets: { node2: inBoth(Array.from({ length: 17 }, (_, i) => `10.2.${2 * i}.0/24`)) },
  via: 'office',
  direct: [],
  blocked: [],
};

/** Without what overlaps an earlier one. */
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

/** A network of IPv4, of IPv6 or of both, by its subnet of IPv4: it is the same in every file. */
export function subnetsOf(subnet: string): string[] {
  const families = ([[4], [6], [4, 6]] as const)[subnets.indexOf(subnet) % 3] ?? [];
  return families.map((family) => inFamily(family, subnet));
}

/** The same subnet has the same network in every file: an engine does not change a network's subnet. */
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

/** Outside, on the link, direct, behind uplinks; and containers of others. Of IPv6 one of each: every packet takes time. */
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
