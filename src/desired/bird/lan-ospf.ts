/**
 * OSPF between the nodes and the members of a gateway, in one family. A router of OSPF hears what every other one says,
 * so that the router id, which the sender writes itself, is all that tells whose route it is.
 */
import type { Address, Family } from '../../address/cidr.ts';
import type { OspfRouting } from '../../spec/spec.ts';
import type { Facts, Link } from '../../state/facts.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { RoutedGateway } from '../../topology/role.ts';
import { addressOf, ofFamily } from '../addresses.ts';
import { block, inner } from './block.ts';
import { defaultOf } from './kernel.ts';
import { lanSecretName, protocolName } from './names.ts';
import { routerId } from './router-id.ts';
import { metricOf, ospfPasswordLines } from './upstream.ts';

/** Not the area of anything else on the LAN: another area is refused by either side. */
export const lanArea = 136;

export interface LanOspf {
  readonly gateway: RoutedGateway;
  readonly routing: OspfRouting;
  readonly family: Family;
  readonly local: Address;
  readonly table: string;
  readonly facts: Pick<Facts, 'links'>;
}

/** The link that has an address of this host. */
export function lanLink(local: Address, { links }: Pick<Facts, 'links'>): Link | undefined {
  return links.find(({ addresses }) => addresses.some((prefix) => addressOf(prefix) === local));
}

/** The node is never the designated router; its default comes from a member, and goes to that member's own address. */
export function nodeOspf(lan: LanOspf): string[] {
  const { gateway, family } = lan;
  const members = gateway.peers.flatMap((member) => {
    const address = addressIn(member, family);
    return address === undefined ? [] : [{ id: routerId(member.host, member.addresses), address }];
  });
  return lanBlock(lan, 0, [
    'import limit 1 action block;',
    ...inner('import filter', [
      `if net != ${defaultOf(family)} then reject;`,
      ...members.map(({ id, address }) => `if ospf_router_id = ${id} then { gw = ${address}; accept; }`),
      'reject;',
    ]),
    'export where source = RTS_STATIC;',
  ]);
}

/** @param uplink protocol that has the default of the uplink */
export function memberOspf(lan: LanOspf, uplink: string): string[] {
  const { gateway, family } = lan;
  const nodes = gateway.peers.flatMap(({ host, addresses, subnets }) => {
    const own = ofFamily(subnets, family);
    return own.length === 0 ? [] : [{ id: routerId(host, addresses), own }];
  });
  const count = nodes.reduce((sum, { own }) => sum + own.length, 0);
  return lanBlock(lan, 10, [
    `import limit ${count} action block;`,
    ...inner('import filter', [
      ...nodes.map(({ id, own }) => `if ospf_router_id = ${id} && net ~ [ ${own.join(', ')} ] then accept;`),
      'reject;',
    ]),
    ...inner('export filter', [
      `if net != ${defaultOf(family)} || proto != "${uplink}" then reject;`,
      // Nodes prefer the first member.
      `ospf_metric2 = ${metricOf(gateway.position ?? 0, gateway.drained)};`,
      'accept;',
    ]),
  ]);
}

/** @param priority 0: never the designated router */
function lanBlock(
  { gateway: { name, side }, routing, family, local, table, facts }: LanOspf,
  priority: number,
  channel: readonly string[],
): string[] {
  const device = lanLink(local, facts)?.name;
  if (device === undefined) return [];
  const { hello, dead, passwordFile, bfd } = routing;
  return [
    block(`protocol ospf ${family === 4 ? 'v2' : 'v3'} ${protocolName('ospf', table)}`, [
      `description "gateway ${name}: ${side === 'node' ? 'members' : 'nodes'}";`,
      'ecmp no;',
      'graceful restart off;',
      ...inner(`ipv${family}`, [`table ${table};`, 'import keep filtered yes;', ...channel]),
      ...inner(`area ${lanArea}`, [
        ...inner(`interface "${device}"`, [
          'type broadcast;',
          `hello ${hello};`,
          `dead ${dead};`,
          `priority ${priority};`,
          // No packet that a router has forwarded.
          'ttl security yes;',
          ...(bfd ? ['bfd yes;'] : []),
          ...(passwordFile === undefined ? [] : ospfPasswordLines(lanSecretName(name), family)),
        ]),
      ]),
    ]),
  ];
}
