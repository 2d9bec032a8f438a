/** Redirects of a gateway member: packets from the nodes leave by the uplink, and replies return to the nodes. */
import { type Address, type Family, familyOf } from '../../address/cidr.ts';
import type { MemberGateway, ServedSubnet } from '../../topology/role.ts';
import type { Facts } from '../../state/facts.ts';
import { mainTable } from '../../kinds/ownership.ts';
import { servedObstacles, uplinkObstacles, subnetsHere, viaOf } from '../checks/member-obstacles.ts';
import { linkNamed, linkTowards } from '../routing/neighbours.ts';
import { type EgressPaths, type MemberRedirect, type Steer, closedRedirect } from '../redirect.ts';
import type { RoleContext, RoleResult } from './role.ts';
import { publishedRules } from '../nft/published-ports.ts';
import { defaultRoutersOf, returnPathsOf } from '../routing/return-paths.ts';
import { memberRoutes } from '../routing/policy-routes.ts';
import { closedDefault, openDefault } from '../routing/routes.ts';

/** Routes of a routing daemon (metric 20 to 110) come before our static route. */
const returnMetric = 4000;

/** Subnets are closed if the uplink, or the path back to their node, is not ready. */
export function memberRedirects(gateway: MemberGateway, family: Family, context: RoleContext): RoleResult {
  const { facts, learned, closing } = context;
  const served = gateway.served.filter(({ subnet }) => familyOf(subnet) === family);
  if (served.length === 0) return { redirects: [], refusals: [], notReady: [] };
  const refusals = subnetsHere(served, facts);
  if (closing) {
    return { redirects: [openRedirect(gateway, family, served, context)], refusals, notReady: [] };
  }
  const daemon = (learned.get(gateway.name) ?? []).map((one) => ({
    what: `gateway ${gateway.name}`,
    ...one,
  }));
  const uplink = [...uplinkObstacles(gateway, family, facts), ...daemon];
  const obstacles = servedObstacles(gateway, served, facts);
  const reasons = new Map(
    obstacles.flatMap(({ subnets, obstacle }) => subnets.map((subnet) => [subnet, obstacle.message])),
  );
  const ready = served.filter(({ subnet }) => !reasons.has(subnet));
  const open = openRedirect(gateway, family, ready, context);
  const closed = [...new Set(reasons.values())].map((reason) => {
    const some = served.filter(({ subnet }) => reasons.get(subnet) === reason);
    return closedServed(gateway, family, some, reason, facts);
  });
  const [first] = uplink;
  return {
    redirects: [
      ...(ready.length === 0 ? [] : [first ? withoutUplink(open, first.message) : open]),
      ...closed,
    ],
    refusals,
    notReady: [...uplink, ...obstacles.map(({ obstacle }) => obstacle)],
  };
}

/** Packets reach this gateway, but its table has no route to the uplink. */
function withoutUplink(open: OpenRedirect, notReady: string): MemberRedirect {
  const { nat: _, ...redirect } = open;
  const { policyRoutes: __, ...steer } = open.steer;
  const routes = steer.routes.filter(
    ({ route: { destination, target } }) => destination !== 'default' || target.kind === 'unreachable',
  );
  return { ...redirect, steer: { ...steer, hops: [], devices: [], routes }, published: [], notReady };
}

function closedServed(
  { name }: MemberGateway,
  family: Family,
  served: readonly ServedSubnet[],
  notReady: string,
  facts: Facts,
): MemberRedirect {
  const subnets = served.map(({ subnet }) => subnet);
  // Late replies must not follow the default route.
  const defaultRouters = defaultRoutersOf(served, family, facts);
  return { ...closedRedirect(`gateway ${name}`, family, subnets), defaultRouters, notReady };
}

type OpenRedirect = MemberRedirect & { readonly steer: Steer };

/** @param served subnets of one family, with node addresses of that family */
function openRedirect(
  gateway: MemberGateway,
  family: Family,
  served: readonly ServedSubnet[],
  { facts, numbers, learned }: RoleContext,
): OpenRedirect {
  const subnets = served.map(({ subnet }) => subnet);
  const table = numbers.gateways[gateway.name]?.table ?? 0;
  const { device } = gateway.uplink;
  const via = viaOf(gateway, family);
  const path = { device, ...(via === undefined ? {} : { via }) };
  return {
    ...closedRedirect(`gateway ${gateway.name}`, family, subnets),
    steer: {
      gateway: gateway.name,
      table,
      why: `send packets for gateway ${gateway.name} out of ${device}`,
      ...defaultSubnetsOf(served),
      ...egressPaths(path),
      ...memberRoutes(gateway.name, served, table, egressPaths(path)),
      routes: [
        closedDefault(family, table, gateway.name),
        // BIRD sets and removes it along with what it announces to the nodes.
        ...(learned.has(gateway.name)
          ? []
          : [openDefault(family, table, path, `the uplink of gateway ${gateway.name}`)]),
        ...served.flatMap((one) => returnRoute(one, facts)),
      ],
    },
    returnPaths: returnPathsOf(served, facts),
    defaultRouters: defaultRoutersOf(served, family, facts),
    nat: natOf(gateway, family, facts),
    published: publishedRules(gateway, family),
  };
}

function natOf(gateway: MemberGateway, family: Family, facts: Facts): NonNullable<MemberRedirect['nat']> {
  const { name, uplink, resetsFlows } = gateway;
  return {
    gateway: name,
    device: uplink.device,
    source: snatSource(gateway, family),
    ...mtuOf(uplink.device, facts),
    ...(resetsFlows ? { resetsFlows } : {}),
    ...(uplink.routing ? { router: uplink.routing } : {}),
  };
}

function mtuOf(device: string, facts: Facts): { mtu?: number } {
  const mtu = linkNamed(device, facts)?.mtu;
  return mtu === undefined ? {} : { mtu };
}

/** Absent (all subnets), unless packets without a matching route use another gateway on this host. */
function defaultSubnetsOf(served: readonly ServedSubnet[]): Pick<Steer, 'defaultSubnets'> {
  const whole = served.filter(({ onlyRoutes }) => !onlyRoutes);
  return whole.length === served.length ? {} : { defaultSubnets: whole.map(({ subnet }) => subnet) };
}

function egressPaths({ via, device }: { readonly via?: Address; readonly device: string }): EgressPaths {
  return via === undefined ? { hops: [], devices: [device] } : { hops: [{ via, device }], devices: [] };
}

function snatSource({ snat }: MemberGateway, family: Family): Address | 'masquerade' | 'none' {
  return typeof snat === 'string' ? snat : (snat.find((one) => familyOf(one) === family) ?? 'none');
}

function returnRoute({ network, node, subnet, nodeAddress }: ServedSubnet, facts: Facts): Steer['routes'] {
  const link = linkTowards(nodeAddress, facts);
  if (!link) return [];
  const route = {
    kind: 'route',
    family: familyOf(subnet),
    table: mainTable,
    destination: subnet,
    metric: returnMetric,
    target: { kind: 'unicast', via: nodeAddress, device: link.name },
  } as const;
  return [{ route, why: `route back to ${network} on ${node}` }];
}
