/** Spec with all per-host lookups indexed once, so that the cost for many hosts grows with the size of their roles. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  familyOf,
  subnetOfAddress,
} from '../address/cidr.ts';
import { type RankedSelector, rankRoutes } from '../spec/route-order.ts';
import type { Discover, Gateway, Member, Network, NetworkRoute, Spec } from '../spec/spec.ts';
import { labelGateways } from './discovered-networks.ts';
import { type PortFinder, portFinder } from './port-finder.ts';

export interface IndexedSpec {
  readonly hosts: Spec['hosts'];
  /** of nodes with labelled networks */
  readonly pools: readonly Pool[];
  /** node -> its networks; all lists here are in the order of the file */
  readonly networksAt: ReadonlyMap<string, readonly NamedNetwork[]>;
  /** host -> gateways of which it is a member */
  readonly membershipsAt: ReadonlyMap<string, readonly Membership[]>;
  readonly gateways: ReadonlyMap<string, NamedGateway>;
  /** all redirected subnets */
  readonly subnets: readonly RedirectedSubnet[];
}

/** Subnets that the labelled networks of a node lie in. */
export interface Pool {
  readonly node: string;
  readonly subnets: readonly Subnet[];
  /** those that a label there may name */
  readonly gateways: readonly string[];
  readonly unlabelled: Discover['unlabelled'];
}

export interface NamedNetwork {
  readonly name: string;
  readonly network: Network;
  /** gateways that its packets may use, its own first */
  readonly gatewayNames: readonly string[];
  /** its routes, most specific first */
  readonly ranked: (family: Family) => readonly RankedSelector[];
}

export interface NamedGateway {
  readonly gateway: Gateway;
  /** most preferred member first, both families */
  readonly memberAddresses: readonly Address[];
  /** networks with this gateway among their gateways */
  readonly networks: readonly NamedNetwork[];
  readonly portsTo: PortFinder;
}

export interface Membership {
  readonly name: string;
  readonly gateway: NamedGateway;
  readonly member: Member;
}

export interface RedirectedSubnet {
  readonly network: NamedNetwork;
  readonly node: string;
  readonly subnet: Subnet;
  readonly blocked: boolean;
}

/** @param more networks that are not in the file; another one there may have the same name, on another host */
export function indexSpec(
  spec: Spec,
  more: readonly (readonly [name: string, network: Network])[] = [],
): IndexedSpec {
  const { hosts, networks, gateways } = spec;
  const named = [...Object.entries(networks), ...more].map(([name, network]) =>
    nameNetwork(name, network, nameServerRoutes(network, hosts, gateways)),
  );
  const networksOf = group(
    named.flatMap((network) => network.gatewayNames.map((gateway) => [gateway, network] as const)),
  );
  const known = new Map(
    Object.entries(gateways).map(([name, gateway]) => {
      const users = networksOf.get(name) ?? [];
      const memberAddresses = gateway.members.flatMap((member) => hosts[member.host] ?? []);
      return [
        name,
        { gateway, memberAddresses, networks: users, portsTo: portFinder(gateway.publish, users) },
      ];
    }),
  );
  return {
    hosts,
    pools: poolsOf(spec),
    networksAt: group(
      named.flatMap((one) => Object.keys(one.network.subnets).map((node) => [node, one] as const)),
    ),
    membershipsAt: group([...known].flatMap(([name, gateway]) => membershipsOf(name, gateway))),
    gateways: known,
    subnets: named.flatMap(subnetsOf),
  };
}

function poolsOf(spec: Spec): Pool[] {
  const { pools = {}, unlabelled = 'leave' } = spec.discover ?? {};
  return Object.entries(pools).map(([node, subnets]) => ({
    node,
    subnets,
    gateways: labelGateways(spec, node),
    unlabelled,
  }));
}

/**
 * With `dns: gateway`, the gateway itself is queried. A route that matches all DNS queries would send them to another
 * gateway, which cannot reach that address, so the address gets a route. A route of the file to that address has
 * priority.
 */
function nameServerRoutes(
  { dns, via, direct, routes = [] }: Network,
  hosts: Spec['hosts'],
  gateways: Spec['gateways'],
): NetworkRoute[] {
  if (dns !== 'gateway' || routes.length === 0) return [];
  const members = gateways[via]?.members ?? [];
  const directs = [...direct, ...routes.flatMap((route) => (route.via === 'direct' ? route.to : []))];
  const asked = members.flatMap(({ host }) => hosts[host] ?? []);
  const to = asked.filter((address) => !directs.some((subnet) => contains(subnet, address)));
  return to.length === 0 ? [] : [{ to: to.map(subnetOfAddress), ports: [], via }];
}

function nameNetwork(name: string, network: Network, more: readonly NetworkRoute[]): NamedNetwork {
  const { via, direct, routes = [] } = network;
  const gatewayNames = [...new Set([via, ...routes.map((route) => route.via)])].filter(
    (gateway) => gateway !== 'direct',
  );
  const cache: { [family in Family]?: readonly RankedSelector[] } = {};
  return {
    name,
    network,
    gatewayNames,
    ranked: (family) => (cache[family] ??= rankRoutes({ direct, routes: [...routes, ...more] }, family)),
  };
}

/** A host counts as one member of a gateway, even if listed several times. */
function membershipsOf(name: string, gateway: NamedGateway): (readonly [string, Membership])[] {
  const members = new Map(gateway.gateway.members.toReversed().map((member) => [member.host, member]));
  return [...members].map(([host, member]) => [host, { name, gateway, member }]);
}

function subnetsOf(network: NamedNetwork): RedirectedSubnet[] {
  const { subnets, blocked } = network.network;
  return Object.entries(subnets).flatMap(([node, list]) =>
    list.map((subnet) => ({ network, node, subnet, blocked: blocked.includes(familyOf(subnet)) })),
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
