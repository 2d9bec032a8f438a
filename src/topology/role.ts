/** Who is who: what one host of the file has to do, seen from that host. */
import { type Address, type Family, type Subnet, contains, familyOf } from '../address/cidr.ts';
import { type RankedSelector, rankRoutes } from '../spec/route-order.ts';
import type { EngineName, Network, PublishedPort, Snat, Spec, Uplink } from '../spec/spec.ts';

/** What one host is: a node of some networks, a member of some gateways, both, or neither. */
export interface HostRole {
  readonly host: string;
  readonly addresses: readonly Address[];
  readonly networks: readonly NodeNetwork[];
  readonly gateways: readonly MemberGateway[];
  /**
   * on a member: redirected subnets that are neither here nor served here, blocked ones among them. A node
   * that was not told yet may still send them: they must not leave by this host's own default route.
   */
  readonly others?: readonly Subnet[];
}

/** A network whose containers run on this host. */
export interface NodeNetwork {
  readonly name: string;
  readonly engine: EngineName;
  /** all of them, those of blocked families too */
  readonly subnets: readonly Subnet[];
  readonly direct: readonly Subnet[];
  /** what goes another way, direct destinations among it; absent when the file has no routes */
  readonly routes?: Routes;
  /** families that go nowhere, whether the file has a subnet of them or only the engine */
  readonly blocked: readonly Family[];
  /** where the engine would drop answers from the gateway, a rule of ours lets them in */
  readonly acceptReplies?: true;
  readonly gateway: string;
  /** the members' addresses, most preferred first, both families */
  readonly nextHops: readonly Address[];
  /** absent where no gateway publishes a port of it */
  readonly called?: readonly Called[];
  /** the name servers that get its questions, one for each family; absent where the engine's own do */
  readonly nameServers?: readonly Address[];
  /** the smallest of the members' uplinks, where the file says it */
  readonly uplinkMtu?: number;
}

/** A container here that a gateway lets the outside call. */
export interface Called extends Pick<PublishedPort, 'proto' | 'to' | 'toPort'> {
  /** the gateway's members, by which calls come in */
  readonly from: readonly Address[];
}

/** Most specific first, per family, and the members of the gateways that they lead to. */
export interface Routes {
  readonly selectors: Readonly<Record<Family, readonly RankedSelector[]>>;
  /** gateway -> its members' addresses, most preferred first, both families */
  readonly nextHops: Readonly<Record<string, readonly Address[]>>;
}

/** A gateway of which this host is a member. */
export interface MemberGateway {
  readonly name: string;
  readonly uplink: Uplink;
  readonly snat: Snat;
  /** ports of the uplink that lead to containers of served subnets */
  readonly publish?: readonly PublishedPort[];
  readonly served: readonly ServedSubnet[];
}

/** A subnet that the gateway gets packets from, and the node that it lies behind. */
export interface ServedSubnet {
  readonly network: string;
  readonly node: string;
  readonly subnet: Subnet;
  /** the node's address of the subnet's family, the next hop of the way back */
  readonly nodeAddress: Address;
  /** where this host is several of the network's gateways: what leaves by this one, whatever else does */
  readonly routes?: readonly RankedSelector[];
  /** only those leave by it */
  readonly onlyRoutes?: boolean;
}

export function hostRole(spec: Spec, host: string): HostRole {
  const others = otherSubnets(spec, host);
  return {
    host,
    addresses: spec.hosts[host] ?? [],
    networks: nodeNetworks(spec, host),
    gateways: memberGateways(spec, host),
    ...(others.length > 0 ? { others } : {}),
  };
}

function nodeNetworks(spec: Spec, host: string): NodeNetwork[] {
  return Object.entries(spec.networks).flatMap(([name, network]) => {
    const subnets = network.subnets[host];
    if (!subnets) return [];
    const members = spec.gateways[network.via]?.members ?? [];
    const called = calledOf(spec, network, subnets);
    const mtus = members.flatMap(({ uplink }) => uplink.mtu ?? []);
    return {
      name,
      engine: network.engine,
      subnets,
      direct: network.direct,
      blocked: network.blocked,
      gateway: network.via,
      nextHops: members.flatMap((m) => spec.hosts[m.host] ?? []),
      ...(network.dns === undefined ? {} : { nameServers: nameServersOf(spec, network) }),
      ...(called.length > 0 ? { called } : {}),
      ...(network.acceptReplies ? { acceptReplies: true } : {}),
      ...(mtus.length > 0 ? { uplinkMtu: Math.min(...mtus) } : {}),
      ...(network.routes ? { routes: routesOf(spec, network) } : {}),
    };
  });
}

/** Of a gateway with several members, the one that is preferred: the others get no packets. */
function nameServersOf(spec: Spec, { dns, via }: Network): readonly Address[] {
  if (dns !== 'gateway') return dns ?? [];
  const [first] = spec.gateways[via]?.members ?? [];
  return first ? (spec.hosts[first.host] ?? []) : [];
}

function calledOf(spec: Spec, network: Network, subnets: readonly Subnet[]): Called[] {
  return exitsOf(network).flatMap((gateway) =>
    (spec.gateways[gateway]?.publish ?? [])
      .filter(({ to }) => subnets.some((subnet) => contains(subnet, to)))
      .map(({ proto, to, toPort }) => ({ proto, to, toPort, from: nextHopsOf(spec, gateway) })),
  );
}

function nextHopsOf(spec: Spec, gateway: string): Address[] {
  return (spec.gateways[gateway]?.members ?? []).flatMap((member) => spec.hosts[member.host] ?? []);
}

function routesOf(spec: Spec, network: Network): Routes {
  return {
    selectors: { 4: ranked(network, 4), 6: ranked(network, 6) },
    nextHops: Object.fromEntries(
      exitsOf(network)
        .slice(1)
        .map((gateway) => [gateway, nextHopsOf(spec, gateway)]),
    ),
  };
}

function ranked({ direct, routes = [] }: Network, family: Family): RankedSelector[] {
  return rankRoutes({ direct, routes }, family);
}

/** The gateways that packets of a network may leave by, its own first. */
function exitsOf({ via, routes = [] }: Network): string[] {
  return [...new Set([via, ...routes.map((route) => route.via)])].filter((gateway) => gateway !== 'direct');
}

function otherSubnets(spec: Spec, host: string): Subnet[] {
  const isMember = (gateway: string): boolean =>
    spec.gateways[gateway]?.members.some((member) => member.host === host) ?? false;
  if (!Object.keys(spec.gateways).some(isMember)) return [];
  return Object.values(spec.networks).flatMap((network) => {
    const served = exitsOf(network).some(isMember);
    return Object.entries(network.subnets)
      .filter(([node]) => node !== host)
      .flatMap(([, list]) => list.filter((subnet) => !served || isBlocked(network, subnet)));
  });
}

function isBlocked({ blocked }: Network, subnet: Subnet): boolean {
  return blocked.includes(familyOf(subnet));
}

function memberGateways(spec: Spec, host: string): MemberGateway[] {
  return Object.entries(spec.gateways).flatMap(([name, gateway]) => {
    const member = gateway.members.find((m) => m.host === host);
    if (!member) return [];
    const { snat, publish } = gateway;
    const served = servedSubnets(spec, name, host);
    return { name, uplink: member.uplink, snat, ...(publish ? { publish } : {}), served };
  });
}

function servedSubnets(spec: Spec, gateway: string, host: string): ServedSubnet[] {
  return Object.entries(spec.networks)
    .filter(([, network]) => exitsOf(network).includes(gateway))
    .flatMap(([name, network]) =>
      Object.entries(network.subnets).flatMap(([node, list]) =>
        list.flatMap((subnet) => {
          const nodeAddress = spec.hosts[node]?.find((address) => familyOf(address) === familyOf(subnet));
          const goesHere = nodeAddress && !isBlocked(network, subnet) && takes(network, gateway, subnet);
          return goesHere
            ? [{ network: name, node, subnet, nodeAddress, ...partOf(spec, network, gateway, host, subnet) }]
            : [];
        }),
      ),
    );
}

/** Whether a gateway gets any packet of a subnet: a route may be of the other family. */
function takes(network: Network, gateway: string, subnet: Subnet): boolean {
  return network.via === gateway || ranked(network, familyOf(subnet)).some(({ via }) => via === gateway);
}

/** Which packets: the node has decided, unless they come to one host for several gateways. */
function partOf(
  spec: Spec,
  network: Network,
  gateway: string,
  host: string,
  subnet: Subnet,
): Pick<ServedSubnet, 'routes' | 'onlyRoutes'> {
  const here = exitsOf(network).filter((exit) => {
    return spec.gateways[exit]?.members.some((member) => member.host === host);
  });
  if (here.length < 2) return {};
  return {
    routes: ranked(network, familyOf(subnet)).filter(({ via }) => via === gateway),
    ...(network.via === gateway ? {} : { onlyRoutes: true }),
  };
}
