/** A file with so many nodes and gateways, and what each of its hosts would say of itself. */
import { forwardingName } from '../../src/state/settings.ts';
import type { Facts, Link } from '../../src/state/facts.ts';
import { emptyLedger } from '../../src/state/ledger.ts';
import type { HostRole } from '../../src/topology/role.ts';

export interface FleetSize {
  /** each with one network of its own */
  readonly nodes: number;
  /** each with one member, and the same number of networks that leave by it */
  readonly gateways: number;
}

/** so many scattered subnets fit */
export const mostNodes = 2 ** 17;

/** the router behind every uplink */
const neighbour = '203.0.113.1';

export function fleetFile({ nodes, gateways }: FleetSize): string {
  const [nodeNumbers, gatewayNumbers] = [numbers(nodes), numbers(gateways)];
  return `version: 1
hosts:
${nodeNumbers.map((i) => `  node${i}: ${nodeAddress(i)}\n`).join('')}${gatewayNumbers
    .map((i) => `  gw${i}: ${gatewayAddress(i)}\n`)
    .join('')}networks:
${nodeNumbers.map((i) => networkText(i, gateways)).join('')}gateways:
${gatewayNumbers.map(gatewayText).join('')}`;
}

function networkText(i: number, gateways: number): string {
  return `  net${i}:
    engine: external
    subnets: { node${i}: ${subnetOf(i)} }
    via: way${i % gateways}
`;
}

function gatewayText(i: number): string {
  return `  way${i}:
    members: [{ host: gw${i}, uplink: { device: uplink0, via: ${neighbour} } }]
    snat: masquerade
`;
}

/** Of a host that nothing of ours is on yet. */
export function factsOf(role: HostRole): Facts {
  return {
    links: linksOf(role),
    foreignRules: [],
    foreignRoutes: role.networks.flatMap(({ name, subnets }) =>
      subnets.map((destination) => ({ destination, device: `br-${name}` })),
    ),
    defaultHops: [{ via: '100.127.255.254', device: 'eth0' }],
    routerAdvertisedDefaults: [],
    acceptRa: {},
    usedTables: [],
    namedTables: [],
    foreignChains: [],
    forwardFilters: [],
    sysctls: { [forwardingName[4]]: '0', [forwardingName[6]]: '0' },
    networks: role.networks.map(({ name, engine, subnets }) => ({
      engine,
      name,
      backend: 'no engine',
      exists: true,
      subnets,
      bridge: `br-${name}`,
      attached: [],
    })),
    ledger: emptyLedger,
    xfrm: true,
    owned: [],
  };
}

/** One where all hosts are neighbours, and what its part needs. */
function linksOf({ addresses, networks, gateways }: HostRole): Link[] {
  const bridges = networks.map(({ name, subnets }) => ({
    name: `br-${name}`,
    type: 'bridge',
    addresses: subnets.map(firstAddress),
  }));
  const links = [
    { name: 'eth0', addresses: addresses.map((address) => `${address}/10`) },
    ...bridges,
    ...(gateways.length > 0 ? [{ name: 'uplink0', addresses: ['203.0.113.2/30'] }] : []),
  ];
  return links.map((link, i) => ({ ...link, index: i + 1, ethernet: true }));
}

/** Every second /26 of 10.0.0.0/8: no two of them are one larger subnet. */
function subnetOf(i: number): string {
  return `${dotted(10 * 2 ** 24 + i * 128)}/26`;
}

function firstAddress(subnet: string): string {
  return subnet.replace(/(\d+)\/26$/, (_, last: string) => `${Number(last) + 1}/26`);
}

/** All in 100.64.0.0/10, the gateways at its end. */
function nodeAddress(i: number): string {
  return dotted(100 * 2 ** 24 + 64 * 2 ** 16 + 1 + i);
}

function gatewayAddress(i: number): string {
  return dotted(100 * 2 ** 24 + 127 * 2 ** 16 + 1 + i);
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
