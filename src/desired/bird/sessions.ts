/** Sessions that the configuration has, by the names of their protocols. */
import { type Address, type Family, families, familyOf } from '../../address/cidr.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { HostRole, RoutedGateway } from '../../topology/role.ts';
import { ofFamily } from '../addresses.ts';
import { protocolName, sessionName, tableName } from './names.ts';

export interface ExpectedSession {
  /** name of the protocol in BIRD */
  readonly name: string;
  readonly gateway: string;
  readonly protocol: 'bgp' | 'ospf';
  readonly family: Family;
  /** `member gw1`, `node node1`, `upstream router` */
  readonly neighbor: string;
  /** absent with OSPF, which finds it */
  readonly address?: Address;
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
