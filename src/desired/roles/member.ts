/** A gateway member's part: what comes from the nodes leaves by the uplink, and answers find back. */
import { word } from '../nft/word.ts';
import { type Address, type Family, type Subnet, familyOf } from '../../address/cidr.ts';
import type { MemberGateway, ServedSubnet } from '../../topology/role.ts';
import type { Facts } from '../../state/facts.ts';
import type { Route } from '../../kinds/route/schema.ts';
import { mainTable } from '../../kinds/ownership.ts';
import { backObstacles, outObstacles, subnetsHere, viaOf } from '../checks/member-obstacles.ts';
import { linkTowards } from '../routing/neighbours.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type GatewayWays, type Redirect, closedRedirect } from '../redirect.ts';
import type { RoleContext, RoleResult } from './role.ts';
import { publishedRules } from '../nft/published-ports.ts';
import { defaultRoutersOf, returnWaysOf } from '../routing/return-ways.ts';
import { memberRoutes } from '../routing/policy-routes.ts';
import { closedDefault, openDefault } from '../routing/routes.ts';

/** A route that a routing daemon learns (metric 20 to 110) comes before our static one. */
const returnMetric = 4000;

/** What can be sent on, and what is closed because the uplink, or the way back to its node, is not ready. */
export function memberRedirects(
  gateway: MemberGateway,
  family: Family,
  { facts, numbers, closing }: RoleContext,
): RoleResult {
  const served = gateway.served.filter(({ subnet }) => familyOf(subnet) === family);
  if (served.length === 0) return { redirects: [], refusals: [], notReady: [] };
  const refusals = subnetsHere(served, facts);
  if (closing) {
    return { redirects: [openRedirect(gateway, family, served, facts, numbers)], refusals, notReady: [] };
  }
  const [out, back] = [outObstacles(gateway, family, facts), backObstacles(gateway, served, facts)];
  const why = new Map(back.flatMap(({ subnets, obstacle }) => subnets.map((one) => [one, obstacle.message])));
  const ready = served.filter(({ subnet }) => !why.has(subnet));
  const [first] = out;
  const redirect = openRedirect(gateway, family, ready, facts, numbers);
  const redirects = [
    ...(ready.length === 0 ? [] : [first ? withoutUplink(redirect, first.message) : redirect]),
    ...[...new Set(why.values())].map((reason) =>
      closedServed(
        gateway,
        family,
        served.filter(({ subnet }) => why.get(subnet) === reason),
        reason,
        facts,
      ),
    ),
  ];
  return { redirects, refusals, notReady: [...out, ...back.map(({ obstacle }) => obstacle)] };
}

/** The gateway itself is in reach, and its table has no way out. */
function withoutUplink({ routes, ...redirect }: Redirect, notReady: string): Redirect {
  const { routed: _, nat: __, published: ___, ...rest } = redirect;
  return {
    ...rest,
    hops: [],
    devices: [],
    routes: routes.filter(
      ({ route: { destination, target } }) => destination !== 'default' || target.kind === 'unreachable',
    ),
    notReady,
  };
}

function closedServed(
  { name }: MemberGateway,
  family: Family,
  served: readonly ServedSubnet[],
  notReady: string,
  facts: Facts,
): Redirect {
  const subnets = served.map(({ subnet }) => subnet);
  // Answers that still come must not go on by the default route.
  const defaultRouters = defaultRoutersOf(served, family, facts);
  return { ...closedRedirect(`gateway ${name}`, family, subnets), defaultRouters, notReady };
}

/** @param served all of one family, with the ways to their nodes there */
function openRedirect(
  gateway: MemberGateway,
  family: Family,
  served: readonly ServedSubnet[],
  facts: Facts,
  numbers: Numbers,
): Redirect {
  const subnets = served.map(({ subnet }) => subnet);
  const table = numbers.gateways[gateway.name]?.table ?? 0;
  const { device } = gateway.uplink;
  const via = viaOf(gateway, family);
  const way = { device, ...(via === undefined ? {} : { via }) };
  return {
    ...closedRedirect(`gateway ${gateway.name}`, family, subnets),
    ...waysOut(way),
    ...memberRoutes(gateway.name, served, table, waysOut(way)),
    steer: steeredBy(gateway, served, table),
    routes: [
      closedDefault(family, table, gateway.name),
      openDefault(family, table, way, `the uplink of gateway ${gateway.name}`),
      ...served.flatMap((one) => returnRoute(one, facts)),
    ],
    returnWays: returnWaysOf(served, facts),
    defaultRouters: defaultRoutersOf(served, family, facts),
    nat: { gateway: gateway.name, device, verdict: natVerdict(gateway, family), ...mtuOf(device, facts) },
    published: publishedRules(gateway, family),
  };
}

function mtuOf(device: string, { links }: Facts): { mtu?: number } {
  const mtu = links.find(({ name }) => name === device)?.mtu;
  return mtu === undefined ? {} : { mtu };
}

function steeredBy(
  { name, uplink }: MemberGateway,
  served: readonly ServedSubnet[],
  table: number,
): NonNullable<Redirect['steer']> {
  const why = `send packets for gateway ${name} out of ${uplink.device}`;
  return { gateway: name, table, why, ...steeredOnes(served) };
}

/** All of them, unless another gateway here gets what no route is about. */
function steeredOnes(served: readonly ServedSubnet[]): { readonly only?: Subnet[] } {
  const whole = served.filter(({ onlyRoutes }) => !onlyRoutes);
  return whole.length === served.length ? {} : { only: whole.map(({ subnet }) => subnet) };
}

function waysOut({ via, device }: { readonly via?: Address; readonly device: string }): GatewayWays {
  return via === undefined ? { hops: [], devices: [device] } : { hops: [{ via, device }], devices: [] };
}

/** `none` is said too: a masquerade of somebody else on the uplink must not hide the container. */
function natVerdict({ snat }: MemberGateway, family: Family): string {
  if (snat === 'masquerade') return 'masquerade';
  const ip = word(family);
  const address = snat === 'none' ? undefined : snat.find((one) => familyOf(one) === family);
  return `snat ${ip} to ${address ?? `${ip} saddr`}`;
}

function returnRoute(
  { network, node, subnet, nodeAddress }: ServedSubnet,
  facts: Facts,
): { route: Route; why: string }[] {
  const link = linkTowards(nodeAddress, facts);
  if (!link) return [];
  const target = { kind: 'unicast', via: nodeAddress, device: link.name } as const;
  return [
    {
      route: {
        kind: 'route',
        family: familyOf(subnet),
        table: mainTable,
        destination: subnet,
        metric: returnMetric,
        target,
      },
      why: `route back to ${network} on ${node}`,
    },
  ];
}
