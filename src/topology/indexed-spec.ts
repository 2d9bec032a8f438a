/** The file, with all that is looked up for each host in it found once: so many hosts cost as much as their parts do. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  familyOf,
  subnetOfAddress,
} from '../address/cidr.ts';
import { type RankedSelector, rankRoutes } from '../spec/route-order.ts';
import type { Gateway, Member, Network, NetworkRoute, Spec } from '../spec/spec.ts';
import { type PortFinder, portFinder } from './port-finder.ts';

export interface IndexedSpec {
  readonly hosts: Spec['hosts'];
  /** node -> its networks, as all lists here in the order of the file */
  readonly networksAt: ReadonlyMap<string, readonly NamedNetwork[]>;
  /** host -> the gateways that it is a member of */
  readonly membershipsAt: ReadonlyMap<string, readonly Membership[]>;
  readonly gateways: ReadonlyMap<string, NamedGateway>;
  /** all that is redirected */
  readonly subnets: readonly RedirectedSubnet[];
}

export interface NamedNetwork {
  readonly name: string;
  readonly network: Network;
  /** the gateways that its packets may leave by, its own first */
  readonly exits: readonly string[];
  /** its routes, most specific first */
  readonly ranked: (family: Family) => readonly RankedSelector[];
}

export interface NamedGateway {
  readonly gateway: Gateway;
  /** the members' addresses, most preferred first, both families */
  readonly hops: readonly Address[];
  /** networks that have it among their exits */
  readonly users: readonly NamedNetwork[];
  readonly portsTo: PortFinder;
}

export interface Membership {
  readonly name: string;
  readonly gateway: NamedGateway;
  readonly member: Member;
}

export interface RedirectedSubnet {
  readonly of: NamedNetwork;
  readonly node: string;
  readonly subnet: Subnet;
  readonly blocked: boolean;
}

export function indexSpec({ hosts, networks, gateways }: Spec): IndexedSpec {
  const named = Object.entries(networks).map(([name, network]) =>
    nameNetwork(name, network, nameServerRoutes(network, hosts, gateways)),
  );
  const usersOf = group(named.flatMap((network) => network.exits.map((exit) => [exit, network] as const)));
  const known = new Map(
    Object.entries(gateways).map(([name, gateway]) => {
      const users = usersOf.get(name) ?? [];
      const hops = gateway.members.flatMap((member) => hosts[member.host] ?? []);
      return [name, { gateway, hops, users, portsTo: portFinder(gateway.publish, users) }];
    }),
  );
  return {
    hosts,
    networksAt: group(
      named.flatMap((one) => Object.keys(one.network.subnets).map((node) => [node, one] as const)),
    ),
    membershipsAt: group([...known].flatMap(([name, gateway]) => membershipsOf(name, gateway))),
    gateways: known,
    subnets: named.flatMap(subnetsOf),
  };
}

/**
 * With `dns: gateway`, the gateway itself is asked: a route about every question would lead it to another gateway, which
 * cannot reach that one. A route about the gateway's own address decides all the same.
 */
function nameServerRoutes(
  { dns, via, direct, routes = [] }: Network,
  hosts: Spec['hosts'],
  gateways: Spec['gateways'],
): NetworkRoute[] {
  const host = gateways[via]?.members[0]?.host;
  if (dns !== 'gateway' || routes.length === 0 || host === undefined) return [];
  const directs = [...direct, ...routes.flatMap((route) => (route.via === 'direct' ? route.to : []))];
  const to = (hosts[host] ?? []).filter((address) => !directs.some((subnet) => contains(subnet, address)));
  return to.length === 0 ? [] : [{ to: to.map(subnetOfAddress), ports: [], via }];
}

function nameNetwork(name: string, network: Network, more: readonly NetworkRoute[]): NamedNetwork {
  const { via, direct, routes = [] } = network;
  const exits = [...new Set([via, ...routes.map((route) => route.via)])].filter((exit) => exit !== 'direct');
  const known: { [family in Family]?: readonly RankedSelector[] } = {};
  return {
    name,
    network,
    exits,
    ranked: (family) => (known[family] ??= rankRoutes({ direct, routes: [...routes, ...more] }, family)),
  };
}

/** A host is one member of a gateway, however often it is named. */
function membershipsOf(name: string, gateway: NamedGateway): (readonly [string, Membership])[] {
  const members = new Map(gateway.gateway.members.toReversed().map((member) => [member.host, member]));
  return [...members].map(([host, member]) => [host, { name, gateway, member }]);
}

function subnetsOf(of: NamedNetwork): RedirectedSubnet[] {
  const { subnets, blocked } = of.network;
  return Object.entries(subnets).flatMap(([node, list]) =>
    list.map((subnet) => ({ of, node, subnet, blocked: blocked.includes(familyOf(subnet)) })),
  );
}

function group<T>(pairs: readonly (readonly [string, T])[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of pairs) {
    const list = groups.get(key);
    if (list) list.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
