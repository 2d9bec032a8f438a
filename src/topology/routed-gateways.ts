/** Gateways whose nodes and members exchange routes, as seen from one host. */
import { type Address, type Family, type Subnet, familyOf, subnetOfAddress } from '../address/cidr.ts';
import type { IndexedSpec, NamedNetwork } from './indexed-spec.ts';
import type { Member } from '../spec/spec.ts';
import type { MemberGateway, RoutedGateway, RoutingPeer } from './role.ts';

/** @param members gateways of which the host is a member */
export function routedGateways(
  spec: IndexedSpec,
  host: string,
  members: readonly MemberGateway[],
): RoutedGateway[] {
  const networks = spec.networksAt.get(host) ?? [];
  const { gateways = [] } = spec.pools.find(({ node }) => node === host) ?? {};
  const used = new Set([...networks.flatMap(({ gatewayNames }) => gatewayNames), ...gateways]);
  return [
    ...[...used].flatMap((name) => nodeSide(spec, name, networks, host)),
    ...members.flatMap((member) => memberSide(spec, member, host)),
  ];
}

/**
 * A node announces its subnets to all members, and prefers the first. Its pools are announced whole: no other node has a
 * part of them, and what the members hear does not change with its networks.
 */
function nodeSide(
  { gateways, hosts, pools }: IndexedSpec,
  name: string,
  networks: readonly NamedNetwork[],
  host: string,
): RoutedGateway[] {
  const { routing, members = [] } = gateways.get(name)?.gateway ?? {};
  if (!routing) return [];
  const ofFile = networks
    .filter(({ network, gatewayNames }) => !network.byLabel && gatewayNames.includes(name))
    .flatMap(({ network }) =>
      (network.subnets[host] ?? []).filter((subnet) => !network.blocked.includes(familyOf(subnet))),
    );
  const ofPools = pools.flatMap((pool) =>
    pool.node === host && pool.gateways.includes(name) ? pool.subnets : [],
  );
  const subnets = [...ofFile, ...ofPools];
  const peers = members.map((member) => ({
    host: member.host,
    addresses: hosts[member.host] ?? [],
    subnets: [],
  }));
  return [{ name, sessions: routing, side: 'node', subnets, peers }];
}

/** A member accepts from each node the subnets that the file gives that node. */
function memberSide({ gateways, hosts }: IndexedSpec, member: MemberGateway, host: string): RoutedGateway[] {
  const { name, served } = member;
  const { routing: sessions, members = [] } = gateways.get(name)?.gateway ?? {};
  const { routing } = member.uplink;
  if (!sessions && !routing) return [];
  const subnets = new Map<string, Subnet[]>();
  for (const { node, subnet } of served) {
    const list = subnets.get(node);
    if (list) list.push(subnet);
    else subnets.set(node, [subnet]);
  }
  const peers = [...subnets].map(([node, own]) => ({
    host: node,
    addresses: hosts[node] ?? [],
    subnets: own,
  }));
  const position = members.findIndex((one) => one.host === host);
  const uplink = routing && {
    device: member.uplink.device,
    routing,
    announced: announcedBy(member),
    position,
  };
  return [
    {
      name,
      side: 'member',
      position,
      ...(sessions ? { sessions } : {}),
      ...(uplink ? { uplink } : {}),
      subnets: [],
      peers,
      ...(sessions?.protocol === 'ospf' ? othersIn(members, host, hosts) : {}),
    },
  ];
}

/** By OSPF a member hears what the others tell the nodes. */
function othersIn(
  members: readonly Pick<Member, 'host'>[],
  own: string,
  hosts: IndexedSpec['hosts'],
): Pick<RoutedGateway, 'otherMembers'> {
  const others = members.filter(({ host }) => host !== own);
  return others.length === 0
    ? {}
    : { otherMembers: others.map(({ host }) => ({ host, addresses: hosts[host] ?? [] })) };
}

/** With masquerade, the upstream router knows the address already: it is on its link. */
function announcedBy({ snat, served }: MemberGateway): Subnet[] {
  if (snat === 'masquerade') return [];
  return snat === 'none' ? served.map(({ subnet }) => subnet) : snat.map(subnetOfAddress);
}

export function addressIn(
  { addresses }: Pick<RoutingPeer, 'addresses'>,
  family: Family,
): Address | undefined {
  return addresses.find((address) => familyOf(address) === family);
}
