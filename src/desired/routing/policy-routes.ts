/** Routes of a network to other gateways, on its node and on those gateways. */
import { type Address, type Family, type Subnet, familyOf } from '../../address/cidr.ts';
import type { NodeNetwork, ServedSubnet } from '../../topology/role.ts';
import { hopsTowards, linkTowards } from './neighbours.ts';
import { gatewayObstacles } from '../checks/node-refusals.ts';
import type { Numbers } from '../allocate/numbers.ts';
import type { GatewayEgress, GatewayWays, NotReady, PolicyRoutes, Redirect } from '../redirect.ts';
import type { RoleContext } from '../roles/role.ts';
import { closedDefault, openDefault } from './routes.ts';

export interface NodeRoutes {
  readonly routed?: PolicyRoutes;
  /** the tables of the other gateways */
  readonly tables: Redirect['routes'];
  readonly hasDirect: boolean;
  /** why some of those gateways cannot be used */
  readonly notReady: readonly NotReady[];
}

export function nodeRoutes(
  network: NodeNetwork,
  family: Family,
  subnets: readonly Subnet[],
  { facts, numbers }: RoleContext,
): NodeRoutes {
  const selectors = network.routes?.selectors[family] ?? [];
  if (!network.routes || selectors.length === 0) {
    return { tables: [], hasDirect: false, notReady: [] };
  }
  const nextHops = { ...network.routes.nextHops, [network.gateway]: network.nextHops };
  const gateways = [...new Set(selectors.map(({ via }) => via))].filter((via) => via !== 'direct');
  const addressesOf = (gateway: string): Address[] =>
    (nextHops[gateway] ?? []).filter((hop) => familyOf(hop) === family);
  const exits = gateways.map((gateway): GatewayEgress => {
    return { gateway, subnets, hops: hopsTowards(addressesOf(gateway), subnets, facts), devices: [] };
  });
  const others = gateways
    .filter((gateway) => gateway !== network.gateway)
    .map((gateway) => {
      const exit = { gateway, subnets, first: addressesOf(gateway)[0] };
      return tableRoutes(network, exit, family, { facts, numbers });
    });
  return {
    routed: {
      name: network.name,
      ways: selectors.flatMap((selector) =>
        subnets.map((from) => ({ from, selector, ...tableOf(numbers, selector.via) })),
      ),
      exits,
    },
    tables: others.flatMap(({ routes }) => routes),
    hasDirect: selectors.some(({ via }) => via === 'direct'),
    notReady: others.flatMap((one) => one.notReady),
  };
}

/** On a host that is several of a network's gateways: the node has sent all of it here. */
export function memberRoutes(
  gateway: string,
  served: readonly ServedSubnet[],
  table: number,
  ways: GatewayWays,
): Pick<Redirect, 'routed'> {
  const routed = served.filter(({ routes = [] }) => routes.length > 0);
  if (routed.length === 0) return {};
  return {
    routed: {
      name: gateway,
      ways: routed.flatMap(({ subnet, routes = [] }) =>
        routes.map((selector) => ({ from: subnet, selector, table })),
      ),
      exits: [{ gateway, subnets: routed.map(({ subnet }) => subnet), ...ways }],
    },
  };
}

function tableOf(numbers: Numbers, gateway: string): { readonly table?: number } {
  return gateway === 'direct' ? {} : { table: numbers.gateways[gateway]?.table ?? 0 };
}

function tableRoutes(
  network: NodeNetwork,
  {
    gateway,
    first,
    subnets,
  }: Pick<GatewayEgress, 'gateway' | 'subnets'> & { readonly first: Address | undefined },
  family: Family,
  { facts, numbers }: Pick<RoleContext, 'facts' | 'numbers'>,
): Pick<Redirect, 'routes'> & { readonly notReady: readonly NotReady[] } {
  const { table = 0 } = tableOf(numbers, gateway);
  const closed = closedDefault(family, table, gateway);
  if (first === undefined) return { routes: [closed], notReady: [] };
  const link = linkTowards(first, facts, subnets);
  const obstacles = gatewayObstacles({ ...network, gateway }, first, link, facts.links);
  // What routes lead there is closed by the table; all else of the network goes its way.
  const notReady = obstacles.map((one) => ({ what: `gateway ${gateway}`, family, ...one }));
  if (!link || obstacles.length > 0) return { routes: [closed], notReady };
  const way = { via: first, device: link.name };
  const open = openDefault(family, table, way, `gateway ${gateway} is at ${first}`);
  return { routes: [closed, open], notReady };
}
