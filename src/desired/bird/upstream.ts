/** The protocol between a member and its upstream router: a default comes in, and the gateway's subnets go out. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  familyOf,
  withoutHostBits,
} from '../../address/cidr.ts';
import type { UplinkBgp, UplinkOspf, UplinkRouting } from '../../spec/spec.ts';
import { usualBgpPort } from '../../spec/routing-fields.ts';
import type { Link } from '../../state/facts.ts';
import type { RoutedGateway, RoutedUplink } from '../../topology/role.ts';
import { addressOf, ofFamily } from '../addresses.ts';
import { block, inner } from './block.ts';
import { defaultOf } from './kernel.ts';
import { protocolName, secretName } from './names.ts';
import { bfdLines, shutdownCommunity, timerLines } from './lan-bgp.ts';

/** Where the upstream router listens. */
export const upstreamBgpPort = 179;

/** of BGP, and of routes of other protocols in OSPF; the first member is preferred */
const medStep = 100;
/** more than the first of all members has */
const drainedMed = 1_000_000;

/** @param position among the members, of which routers prefer the first */
export function metricOf(position: number, drained?: true): number {
  return medStep * (position + 1) + (drained ? drainedMed : 0);
}

/** The upstream router is in the same AS. */
export function isInternal(routing: UplinkRouting): boolean {
  return routing.protocol === 'bgp' && routing.as === routing.peerAs;
}

/** Without sessions to the nodes, nobody else announces the subnets; nobody ever announces SNAT addresses. */
export function announcedStatically({ sessions, uplink, peers }: RoutedGateway, family: Family): Subnet[] {
  if (!uplink) return [];
  const fromNodes = new Set(sessions ? peers.flatMap(({ subnets }) => subnets) : []);
  return ofFamily(uplink.announced, family).filter((subnet) => !fromNodes.has(subnet));
}

/** @param link the uplink's device */
export function upstreamBlocks(
  gateway: string,
  uplink: RoutedUplink,
  family: Family,
  table: string,
  link: Pick<Link, 'addresses' | 'ethernet'>,
): string[] {
  const { routing } = uplink;
  const named = { gateway, uplink, family, table };
  return routing.protocol === 'bgp'
    ? bgpBlocks(named, routing, link.addresses)
    : [ospfBlock(named, routing, link.ethernet)];
}

interface Named {
  readonly gateway: string;
  readonly uplink: RoutedUplink;
  readonly family: Family;
  readonly table: string;
}

/**
 * BIRD listens on a port of ours, so that a BGP daemon of the host keeps port 179; it opens the connection itself.
 * What is refused is not kept: a full table would fill the memory.
 */
function bgpBlocks(
  { gateway, uplink, family, table }: Named,
  { as, peerAs, neighbors, passwordFile, bfd }: UplinkBgp,
  addresses: readonly string[],
): string[] {
  const [neighbor] = ofFamily(neighbors, family);
  const local = neighbor === undefined ? undefined : uplinkAddress(neighbor, addresses);
  if (neighbor === undefined || local === undefined) return [];
  return [
    block(`protocol bgp ${protocolName('uplink', table)}`, [
      `description "gateway ${gateway}: upstream router on ${uplink.device}";`,
      `local ${addressOf(local)} port ${usualBgpPort} as ${as};`,
      `neighbor ${neighbor} port ${upstreamBgpPort} as ${peerAs};`,
      'direct;',
      'strict bind yes;',
      ...timerLines,
      ...(passwordFile === undefined ? [] : [`password ${secretName(gateway)};`]),
      ...(bfd ? inner('bfd', bfdLines(bfd)) : []),
      ...inner(`ipv${family}`, [
        `table ${table};`,
        'gateway direct;',
        'next hop self;',
        'import limit 1 action block;',
        ...inner('import filter', [`if net != ${defaultOf(family)} then reject;`, 'gw = from;', 'accept;']),
        ...exportLines(uplink, family, (metric) => [
          `bgp_med = ${metric};`,
          ...(uplink.drained ? [`bgp_community.add(${shutdownCommunity});`] : []),
        ]),
      ]),
    ]),
  ];
}

function ospfBlock(
  { gateway, uplink, family, table }: Named,
  { area, hello, dead, cost, passwordFile, bfd }: UplinkOspf,
  ethernet: boolean,
): string {
  return block(`protocol ospf ${family === 4 ? 'v2' : 'v3'} ${protocolName('uplink', table)}`, [
    `description "gateway ${gateway}: upstream router on ${uplink.device}";`,
    ...inner(`ipv${family}`, [
      `table ${table};`,
      'import limit 1 action block;',
      `import where net = ${defaultOf(family)};`,
      ...exportLines(uplink, family, (metric) => [`ospf_metric2 = ${metric};`]),
    ]),
    ...inner(`area ${area}`, [
      ...inner(`interface "${uplink.device}"`, [
        'check link yes;',
        // As routers do: BIRD by itself takes a /30 for a point-to-point link.
        `type ${ethernet ? 'broadcast' : 'ptp'};`,
        `hello ${hello};`,
        `dead ${dead};`,
        `cost ${cost};`,
        ...(bfd ? ['bfd yes;'] : []),
        ...(passwordFile === undefined ? [] : ospfPasswordLines(secretName(gateway), family)),
      ]),
    ]),
  ]);
}

/**
 * What routers know: keyed MD5 for version 2, and RFC 7166 for version 3.
 *
 * @param password a constant, or a string in quotes
 */
export function ospfPasswordLines(password: string, family: Family): string[] {
  const algorithm = family === 4 ? 'keyed md5' : 'hmac sha256';
  return [
    'authentication cryptographic;',
    ...inner(`password ${password}`, ['id 1;', `algorithm ${algorithm};`]),
  ];
}

function exportLines(
  { announced, position, drained }: RoutedUplink,
  family: Family,
  metric: (value: number) => string[],
): string[] {
  const subnets = ofFamily(announced, family);
  if (subnets.length === 0) return ['export none;'];
  return inner('export filter', [
    `if net !~ [ ${subnets.join(', ')} ] then reject;`,
    ...metric(metricOf(position, drained)),
    'accept;',
  ]);
}

/** The member's own address, with prefix length, on the link of its upstream router. */
export function uplinkAddress(neighbor: Address, addresses: readonly string[]): string | undefined {
  return addresses.find((prefix) => isNeighbor(prefix, neighbor));
}

function isNeighbor(prefix: string, neighbor: string): boolean {
  return familyOf(neighbor) === familyOf(addressOf(prefix)) && contains(withoutHostBits(prefix), neighbor);
}
