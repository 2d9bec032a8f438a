/** Routes of the file to other gateways, on a network's node and on those gateways. */
import { mostRanks } from '../../spec/route-order.ts';
import { type Address, type Family, type Subnet } from '../../address/cidr.ts';
import { ofFamily } from '../addresses.ts';
import type { NodeNetwork, ServedSubnet } from '../../topology/role.ts';
import { hopsTowards, linkTowards } from './neighbours.ts';
import { gatewayObstacles } from '../checks/node-refusals.ts';
import type { Numbers } from '../allocate/numbers.ts';
import type { GatewayEgress, EgressPaths, NotReady, PolicyRoute, PolicyRoutes, Steer } from '../redirect.ts';
import type { RoleContext } from '../roles/role.ts';
import { closedDefault, openDefault } from './routes.ts';

export interface NodeRoutes {
  readonly policyRoutes?: PolicyRoutes;
  /** kernel routes in the tables of the other gateways */
  readonly tables: Steer['routes'];
  readonly hasDirect: boolean;
  /** why some of those gateways are unusable */
  readonly notReady: readonly NotReady[];
}

export function nodeRoutes(
  network: NodeNetwork,
  family: Family,
  subnets: readonly Subnet[],
  context: RoleContext,
): NodeRoutes {
  const { facts, numbers } = context;
  const selectors = network.routes?.selectors[family] ?? [];
  const outages = outageRoutes(network, family, subnets);
  if (selectors.length + outages.length === 0) return { tables: [], hasDirect: false, notReady: [] };
  const nextHops = { ...network.routes?.nextHops, [network.gateway]: network.nextHops };
  const gateways = [...new Set(selectors.map(({ via }) => via))].filter((via) => via !== 'direct');
  const addressesOf = (gateway: string): Address[] => ofFamily(nextHops[gateway] ?? [], family);
  const egresses = gateways.map((gateway) => ({
    gateway,
    subnets,
    hops: hopsTowards(addressesOf(gateway), subnets, facts),
    devices: [],
  }));
  const others = gateways
    .filter((gateway) => gateway !== network.gateway)
    .map((gateway) =>
      gatewayTable(network, { gateway, subnets, via: addressesOf(gateway)[0] }, family, context),
    );
  return {
    policyRoutes: {
      name: network.name,
      routes: [
        ...selectors.flatMap((selector) =>
          subnets.map((from) => ({ from, selector, ...tableOf(numbers, selector.via) })),
        ),
        ...outages,
      ],
      egresses,
    },
    tables: others.flatMap(({ routes }) => routes),
    hasDirect: outages.length > 0 || selectors.some(({ via }) => via === 'direct'),
    notReady: others.flatMap((one) => one.notReady),
  };
}

/** While no member of its gateway works, a network with `when_down: direct` has a direct route behind all others. */
function outageRoutes(network: NodeNetwork, family: Family, subnets: readonly Subnet[]): PolicyRoute[] {
  const outage = network.leavesDirectly?.[family]?.why;
  if (outage === undefined) return [];
  return subnets.map((from) => ({ from, selector: { via: 'direct', rank: mostRanks }, outage }));
}

/** For a host that is several gateways of one network: its node sends packets for all of them here. */
export function memberRoutes(
  gateway: string,
  served: readonly ServedSubnet[],
  table: number,
  paths: EgressPaths,
): Pick<Steer, 'policyRoutes'> {
  const routed = served.filter(({ routes = [] }) => routes.length > 0);
  if (routed.length === 0) return {};
  return {
    policyRoutes: {
      name: gateway,
      routes: routed.flatMap(({ subnet, routes = [] }) =>
        routes.map((selector) => ({ from: subnet, selector, table })),
      ),
      egresses: [{ gateway, subnets: routed.map(({ subnet }) => subnet), ...paths }],
    },
  };
}

function tableOf(numbers: Numbers, gateway: string): { readonly table?: number } {
  return gateway === 'direct' ? {} : { table: numbers.gateways[gateway]?.table ?? 0 };
}

function gatewayTable(
  network: NodeNetwork,
  {
    gateway,
    via,
    subnets,
  }: Pick<GatewayEgress, 'gateway' | 'subnets'> & { readonly via: Address | undefined },
  family: Family,
  { facts, numbers, learned }: RoleContext,
): Pick<Steer, 'routes'> & { readonly notReady: readonly NotReady[] } {
  const { table = 0 } = tableOf(numbers, gateway);
  const closed = closedDefault(family, table, gateway);
  const daemon = learned.get(gateway);
  if (daemon) {
    return {
      routes: [closed],
      notReady: daemon.map((one) => ({ what: `gateway ${gateway}`, family, ...one })),
    };
  }
  if (via === undefined) return { routes: [closed], notReady: [] };
  const link = linkTowards(via, facts, subnets);
  const obstacles = gatewayObstacles({ ...network, gateway }, via, link, facts.links);
  // The table blocks packets with a route to this gateway; other packets of the network are not affected.
  const notReady = obstacles.map((one) => ({ what: `gateway ${gateway}`, family, ...one }));
  if (!link || obstacles.length > 0) return { routes: [closed], notReady };
  const open = openDefault(family, table, { via, device: link.name }, `gateway ${gateway} is at ${via}`);
  return { routes: [closed, open], notReady };
}
