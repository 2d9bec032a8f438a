/** A gateway on its node: the node's subnets go to all members, and the best member's default into the kernel's table. */
import { type Address, type Family, familyOf } from '../../address/cidr.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { BgpRouting } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import type { RoutedGateway } from '../../topology/role.ts';
import { ofFamily } from '../addresses.ts';
import { block, inner } from './block.ts';
import { defaultOf, kernelBlock } from './kernel.ts';
import { protocolName, sessionName, tableName } from './names.ts';
import { nodeOspf } from './lan-ospf.ts';
import { sessionBlock, shutdownCommunity } from './lan-bgp.ts';

/** All that a member may announce, before its filter: enough to show what is refused. */
const receiveLimit = 16;
/** BIRD's own default; the first member is preferred most */
const usualPreference = 100;

export function nodeBlocks(
  gateway: RoutedGateway,
  family: Family,
  addresses: readonly Address[],
  kernelTable: number,
  facts: Pick<Facts, 'links'>,
): string[] {
  const { name, sessions } = gateway;
  const subnets = ofFamily(gateway.subnets, family);
  const local = addresses.find((one) => familyOf(one) === family);
  if (!sessions || subnets.length === 0 || local === undefined) return [];
  const table = tableName('node', name, family);
  return [
    `ipv${family} table ${table};\n`,
    // Unreachable in BIRD only: they are announced also while the bridge is gone, and never reach the kernel.
    block(`protocol static ${protocolName('subnets', table)}`, [
      ...inner(`ipv${family}`, [`table ${table};`]),
      ...subnets.map((subnet) => `route ${subnet} unreachable;`),
    ]),
    ...(sessions.protocol === 'bgp'
      ? [
          kernelBlock(table, family, kernelTable, 'source = RTS_BGP'),
          ...memberSessions(gateway, sessions, { family, local, table }),
        ]
      : [
          kernelBlock(table, family, kernelTable, `proto = "${protocolName('ospf', table)}"`),
          ...nodeOspf({ gateway, routing: sessions, family, local, table, facts }),
        ]),
  ];
}

function memberSessions(
  { name, peers }: RoutedGateway,
  routing: BgpRouting,
  { family, local, table }: { readonly family: Family; readonly local: Address; readonly table: string },
): string[] {
  return peers.flatMap((member, index) => {
    const peer = addressIn(member, family);
    if (peer === undefined) return [];
    return sessionBlock({
      name: sessionName('node', name, member.host, family),
      family,
      local,
      peer,
      description: `gateway ${name}: member ${member.host}`,
      routing,
      channel: channelLines(table, family, usualPreference + peers.length - index),
    });
  });
}

function channelLines(table: string, family: Family, preference: number): string[] {
  return [
    `table ${table};`,
    'gateway direct;',
    'next hop self;',
    'import keep filtered yes;',
    `receive limit ${receiveLimit} action block;`,
    ...inner('import filter', [
      `if net != ${defaultOf(family)} then reject;`,
      // The next hop is the member itself, whatever it says.
      'gw = from;',
      `bgp_local_pref = ${preference};`,
      // Members that are drained come last, in the same order.
      `if ${shutdownCommunity} ~ bgp_community then bgp_local_pref = ${preference - usualPreference};`,
      'accept;',
    ]),
    'export where source = RTS_STATIC;',
  ];
}
