/** Sessions that the configuration has, by the names of their protocols. */
import { type Address, type Family, families, familyOf } from '../../address/cidr.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { HostRole, RoutedGateway } from '../../topology/role.ts';
import { ofFamily } from '../addresses.ts';
import { protocolName, sessionName, tableName } from './names.ts';
import { routerId } from './router-id.ts';

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
  /** with OSPF between hosts of the file: router id -> host */
  readonly routers?: Readonly<Record<string, string>>;
  /** why a route of this neighbour is refused */
  readonly refusal: string;
}

export function expectedSessions({ routed = [], addresses }: HostRole): ExpectedSession[] {
  return routed.flatMap((gateway) =>
    families.flatMap((family) => [
      ...(addresses.some((one) => familyOf(one) === family) ? peerSessions(gateway, family) : []),
      ...upstreamSession(gateway, family),
    ]),
  );
}

function peerSessions(
  { name, side, sessions, subnets, peers }: RoutedGateway,
  family: Family,
): ExpectedSession[] {
  if (!sessions) return [];
  if (sessions.protocol === 'ospf') return lanSession({ name, side, subnets, peers }, family);
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
      refusal: side === 'node' ? 'not a default' : `not a subnet of ${peer.host} in the file`,
    };
  });
}

/** One for all hosts. */
function lanSession(
  { name, side, subnets, peers }: Pick<RoutedGateway, 'name' | 'side' | 'subnets' | 'peers'>,
  family: Family,
): ExpectedSession[] {
  const speaking = peers.filter((peer) => {
    const announced = side === 'node' ? subnets : peer.subnets;
    return addressIn(peer, family) !== undefined && ofFamily(announced, family).length > 0;
  });
  if (speaking.length === 0) return [];
  return [
    {
      name: protocolName('ospf', tableName(side, name, family)),
      gateway: name,
      protocol: 'ospf',
      family,
      neighbor: side === 'node' ? 'members' : 'nodes',
      routers: Object.fromEntries(speaking.map(({ host, addresses }) => [routerId(host, addresses), host])),
      refusal: side === 'node' ? 'not the default of a member' : 'not a subnet of its node in the file',
    },
  ];
}

function upstreamSession({ name, uplink, peers }: RoutedGateway, family: Family): ExpectedSession[] {
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
    },
  ];
}
