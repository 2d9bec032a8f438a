/** A gateway on a member: nodes get the default while the uplink has one, and announce no subnets but their own. */
import { type Address, type Family, type Subnet, familyOf, isLinkLocal } from '../../address/cidr.ts';
import type { BgpRouting, Uplink } from '../../spec/spec.ts';
import type { Facts, Link } from '../../state/facts.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { RoutedGateway } from '../../topology/role.ts';
import { ofFamily } from '../addresses.ts';
import { block, inner } from './block.ts';
import { defaultOf, kernelBlock } from './kernel.ts';
import { protocolName, sessionName, tableName } from './names.ts';
import { memberOspf } from './lan-ospf.ts';
import { sessionBlock, shutdownCommunity } from './lan-bgp.ts';
import { announcedStatically, isInternal, upstreamBlocks } from './upstream.ts';

/** Routes of a node that are kept although they are refused: enough to show them. */
const refusedLimit = 16;

export interface MemberLink {
  readonly uplink: Uplink;
  /** the uplink's device */
  readonly device: Pick<Link, 'addresses' | 'ethernet'>;
  /** gateway's table in the kernel */
  readonly kernelTable: number;
  readonly facts: Pick<Facts, 'links'>;
}

export function memberBlocks(
  gateway: RoutedGateway,
  family: Family,
  addresses: readonly Address[],
  link: MemberLink,
): string[] {
  const served = gateway.peers.some(({ subnets }) => ofFamily(subnets, family).length > 0);
  if (!served) return [];
  const local = addresses.find((one) => familyOf(one) === family);
  const table = tableName('member', gateway.name, family);
  const statically = announcedStatically(gateway, family);
  return [
    `ipv${family} table ${table};\n`,
    ...(gateway.uplink
      ? upstreamBlocks(gateway.name, gateway.uplink, family, table, link.device)
      : [staticBlock(link.uplink, family, table)]),
    ...(statically.length === 0 ? [] : [unreachableBlock(statically, family, table)]),
    kernelBlock(table, family, link.kernelTable, `proto = "${protocolName('uplink', table)}"`),
    ...(local === undefined ? [] : nodeBlocks(gateway, { family, local, table }, link.facts)),
  ];
}

interface Own {
  readonly family: Family;
  readonly local: Address;
  readonly table: string;
}

function nodeBlocks(gateway: RoutedGateway, own: Own, facts: Pick<Facts, 'links'>): string[] {
  const { sessions } = gateway;
  if (!sessions) return [];
  return sessions.protocol === 'bgp'
    ? nodeSessions(gateway, sessions, own)
    : memberOspf({ gateway, routing: sessions, facts, ...own }, protocolName('uplink', own.table));
}

/** The static route of the uplink: it is there while the device is up and has a carrier. */
function staticBlock(uplink: Uplink, family: Family, table: string): string {
  return block(`protocol static ${protocolName('uplink', table)}`, [
    'check link yes;',
    ...inner(`ipv${family}`, [`table ${table};`]),
    `route ${defaultOf(family)} via ${uplinkTarget(uplink, family)};`,
  ]);
}

/** Subnets that the upstream router hears, and no node announces. */
function unreachableBlock(subnets: readonly Subnet[], family: Family, table: string): string {
  return block(`protocol static ${protocolName('announced', table)}`, [
    ...inner(`ipv${family}`, [`table ${table};`]),
    ...subnets.map((subnet) => `route ${subnet} unreachable;`),
  ]);
}

function nodeSessions(gateway: RoutedGateway, routing: BgpRouting, { family, local, table }: Own): string[] {
  const { name, peers, uplink } = gateway;
  return peers.flatMap((node) => {
    const peer = addressIn(node, family);
    const subnets = ofFamily(node.subnets, family);
    if (peer === undefined || subnets.length === 0) return [];
    return sessionBlock({
      name: sessionName('member', name, node.host, family),
      family,
      local,
      peer,
      description: `gateway ${name}: node ${node.host}`,
      routing,
      // A router of the same AS as the upstream router hands nothing on to nodes, unless they are its clients.
      more: uplink && isInternal(uplink.routing) ? ['rr client;'] : [],
      channel: channelLines(table, family, subnets, gateway.drained),
    });
  });
}

function channelLines(
  table: string,
  family: Family,
  subnets: readonly Subnet[],
  drained: true | undefined,
): string[] {
  return [
    `table ${table};`,
    'gateway direct;',
    'next hop self;',
    'import keep filtered yes;',
    `receive limit ${subnets.length + refusedLimit} action block;`,
    `import where net ~ [ ${subnets.join(', ')} ];`,
    ...(drained
      ? inner('export filter', [
          `if net != ${defaultOf(family)} then reject;`,
          `bgp_community.add(${shutdownCommunity});`,
          'accept;',
        ])
      : [`export where net = ${defaultOf(family)};`]),
  ];
}

function uplinkTarget({ device, via = [] }: Uplink, family: Family): string {
  const hop = via.find((one) => familyOf(one) === family);
  if (hop === undefined) return `"${device}"`;
  return isLinkLocal(hop) ? `${hop}%${device}` : hop;
}
