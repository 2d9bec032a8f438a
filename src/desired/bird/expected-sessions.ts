/** Sessions that the configuration has, by the names of their protocols, and what each side of them must agree on. */
import { type Address, type Family, families, familyOf } from '../../address/cidr.ts';
import type { BgpRouting, OspfRouting } from '../../spec/spec.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { HostRole, RoutedGateway } from '../../topology/role.ts';
import { ofFamily } from '../addresses.ts';
import { protocolName, sessionName, tableName } from './names.ts';
import { lanArea } from './lan-ospf.ts';
import { routerId } from './router-id.ts';
import {
  type BgpSettings,
  type CommonSettings,
  type OspfSettings,
  upstreamSettings,
} from './session-settings.ts';
import { privateAs } from './lan-bgp.ts';

export interface ExpectedSession {
  /** name of the protocol in BIRD */
  readonly name: string;
  readonly gateway: string;
  readonly protocol: 'bgp' | 'ospf';
  readonly family: Family;
  /** `member gw1`, `node node1`, `upstream router`; with OSPF between hosts of the file, `members` or `nodes` */
  readonly neighbor: string;
  /** absent with OSPF, which finds it */
  readonly address?: Address;
  /** with OSPF between hosts of the file: router id -> host, and its address in this family */
  readonly routers?: Readonly<Record<string, RouterHost>>;
  /** why a route of this neighbour is refused */
  readonly refusal: string;
  /** OSPF: router id -> why a route of this router is refused */
  readonly refusals?: Readonly<Record<string, string>>;
  readonly settings: BgpSettings | OspfSettings;
}

export interface RouterHost {
  readonly host: string;
  readonly address: Address;
}

export function expectedSessions(role: HostRole): ExpectedSession[] {
  return (role.routed ?? []).flatMap((gateway) =>
    families.flatMap((family) => [
      ...peerSessions(role, gateway, family),
      ...upstreamSession(role, gateway, family),
    ]),
  );
}

function peerSessions(role: HostRole, gateway: RoutedGateway, family: Family): ExpectedSession[] {
  const local = role.addresses.find((one) => familyOf(one) === family);
  if (!gateway.sessions || local === undefined) return [];
  const common = {
    link: { address: local },
    routerId: routerId(role.host, role.addresses),
    bfd: gateway.sessions.bfd !== undefined,
    ttlSecurity: true,
    wantsDefault: gateway.side === 'node',
  };
  return gateway.sessions.protocol === 'ospf'
    ? lanSession(gateway, gateway.sessions, family, common)
    : lanSessions(gateway, gateway.sessions, family, common);
}

function lanSessions(
  { name, side, subnets, peers }: RoutedGateway,
  { port }: BgpRouting,
  family: Family,
  common: CommonSettings,
): ExpectedSession[] {
  return peers.flatMap((peer) => {
    const address = addressIn(peer, family);
    const announced = side === 'node' ? subnets : peer.subnets;
    if (address === undefined || ofFamily(announced, family).length === 0) return [];
    return {
      name: sessionName(side, name, peer.host, family),
      gateway: name,
      protocol: 'bgp',
      family,
      neighbor: `${side === 'node' ? 'member' : 'node'} ${peer.host}`,
      address,
      refusal: side === 'node' ? 'not a default' : notASubnetOf(peer.host),
      settings: { ...common, protocol: 'bgp', as: privateAs, peerAs: privateAs, port },
    };
  });
}

function notASubnetOf(node: string): string {
  return `not a subnet of ${node} in the file`;
}

/** One for all hosts. */
function lanSession(
  { name, side, subnets, peers, otherMembers = [] }: RoutedGateway,
  { hello, dead, passwordFile }: OspfRouting,
  family: Family,
  common: CommonSettings,
): ExpectedSession[] {
  const speaking = peers.flatMap((peer) => {
    const announced = side === 'node' ? subnets : peer.subnets;
    const address = addressIn(peer, family);
    if (address === undefined || ofFamily(announced, family).length === 0) return [];
    return [[routerId(peer.host, peer.addresses), { host: peer.host, address }] as const];
  });
  if (speaking.length === 0) return [];
  const refusals = side === 'node' ? {} : refusalsOf(speaking, otherMembers);
  return [
    {
      name: protocolName('ospf', tableName(side, name, family)),
      gateway: name,
      protocol: 'ospf',
      family,
      neighbor: side === 'node' ? 'members' : 'nodes',
      routers: Object.fromEntries(speaking),
      refusal: side === 'node' ? 'not the default of a member' : 'not from a node of the file',
      refusals,
      settings: {
        ...common,
        protocol: 'ospf',
        area: lanArea,
        hello,
        dead,
        ...(passwordFile === undefined ? {} : { passwordFile }),
      },
    },
  ];
}

function upstreamSession(
  role: HostRole,
  { name, uplink, peers }: RoutedGateway,
  family: Family,
): ExpectedSession[] {
  const served = peers.some(({ subnets }) => ofFamily(subnets, family).length > 0);
  if (!uplink || !served) return [];
  const { routing } = uplink;
  const [address] = routing.protocol === 'bgp' ? ofFamily(routing.neighbors, family) : [];
  return [
    {
      name: protocolName('uplink', tableName('member', name, family)),
      gateway: name,
      protocol: routing.protocol,
      family,
      neighbor: 'upstream router',
      ...(address === undefined ? {} : { address }),
      refusal: 'not a default',
      settings: upstreamSettings(role, uplink),
    },
  ];
}

function refusalsOf(
  nodes: readonly (readonly [string, RouterHost])[],
  members: NonNullable<RoutedGateway['otherMembers']>,
): Record<string, string> {
  return Object.fromEntries([
    ...members.map(
      ({ host, addresses }) =>
        [routerId(host, addresses), `announced to the nodes by member ${host}`] as const,
    ),
    ...nodes.map(([id, { host }]) => [id, notASubnetOf(host)] as const),
  ]);
}
