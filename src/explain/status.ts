/** The status: redirected networks, their gateways and counters, and packets that the guard dropped. */
import type { Prepared } from '../inspect/prepare.ts';
import { type Address, type Family, type Subnet, families, familyOf } from '../address/cidr.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import { tunnelKind } from '../kinds/tunnel/index.ts';
import type { NotReady, Warning } from '../desired/redirect.ts';
import { notReadyOf } from '../plan/not-ready.ts';
import { selectorText } from '../spec/route-order.ts';
import type { PublishedPort } from '../spec/spec.ts';
import { withVerdicts } from '../topology/verdicts.ts';
import type { HostRole, MemberGateway, NodeNetwork, Routes } from '../topology/role.ts';
import { byElement, count, sum } from './counters.ts';
import type { TunnelState } from './tunnel-state.ts';

export interface Status {
  readonly host: string;
  readonly networks: readonly TrafficStatus[];
  readonly gateways: readonly GatewayStatus[];
  /** what `apply` would do; empty when the host matches the file */
  readonly differences: readonly string[];
  readonly waiting: readonly string[];
  /** labels that redirect no network, and why; absent: none */
  readonly labels?: readonly Warning[];
  /** pools of this host that are closed but for their redirected networks; absent: none are */
  readonly closedPools?: readonly Subnet[];
  /** networks and gateways that are blocked until they match the file */
  readonly notReady: readonly NotReady[];
}

export interface TrafficStatus {
  readonly network: string;
  readonly subnets: readonly Subnet[];
  readonly gateway: string;
  /** egress: next hop or device */
  readonly egress: string;
  readonly table: number;
  readonly mark: number;
  readonly packets: number;
  readonly bytes: number;
  /** packets that the guard dropped */
  readonly dropped: number;
  /** dropped packets with a source outside the network; absent when sources are not checked */
  readonly spoofed?: number;
  /** its label has it redirected, not the file */
  readonly byLabel?: true;
  /** families in which it leaves directly now, since no member of its gateway works; absent: none */
  readonly leavesDirectly?: readonly DirectStatus[];
  /** while no member of its gateway works, it leaves directly, if the agent runs */
  readonly whenDown?: 'direct';
  /** traffic with another gateway, most specific first; absent when there is none */
  readonly routes?: readonly RouteStatus[];
}

export interface DirectStatus {
  readonly family: Family;
  /** ISO 8601 */
  readonly since: string;
  readonly why: string;
}

export interface RouteStatus {
  /** `198.51.100.0/24 tcp 25` */
  readonly what: string;
  /** gateway, or direct */
  readonly via: string;
}

export interface GatewayStatus {
  readonly gateway: string;
  readonly uplink: string;
  readonly snat: string;
  /** the uplink, if it is a tunnel of ours: `tunnel gre1: gre from 192.0.2.1 to 198.51.100.1 ttl 64 mtu 1476` */
  readonly tunnel?: string;
  /** the uplink, if it is a tunnel, whoever made it: its path outside, its counters, and whether packets go both ways */
  readonly outer?: TunnelState;
  /** published ports of the uplink: `tcp 8080 leads to 10.89.4.5:80`; absent when there are none */
  readonly published?: readonly string[];
  readonly served: readonly TrafficStatus[];
}

export function hostStatus(prepared: Prepared): Status {
  return statusOf(withVerdicts(prepared.role, prepared.facts), prepared);
}

function statusOf(role: HostRole, { counters, desired, plan }: Prepared): Status {
  const numbers = desired.numbers.gateways;
  const own = new Set(desired.wanted.flatMap(({ object }) => (object.kind === 'nft-set' ? object.name : [])));
  const counted = byElement(counters.filter(({ set }) => own.has(set)));
  const spoofed = byElement(counters.filter(({ set }) => set === 'spoofed'));
  const traffic = (
    network: string,
    subnets: readonly Subnet[],
    gateway: string,
    egress: string,
  ): TrafficStatus => ({
    network,
    subnets,
    gateway,
    egress,
    table: numbers[gateway]?.table ?? 0,
    mark: numbers[gateway]?.mark ?? 0,
    ...count(counted, subnets),
  });
  return {
    host: role.host,
    networks: role.networks.map((network) => ({
      ...traffic(network.name, network.subnets, network.gateway, egressText(network, desired.notReady)),
      ...spoofedOf(spoofed.get(`"${desired.bridges[network.name] ?? ''}"`)),
      ...(network.byLabel ? { byLabel: true as const } : {}),
      ...waysOf(network),
    })),
    gateways: role.gateways.map((gateway) => ({
      ...uplinkOf(gateway, desired.wanted),
      served: gateway.served.map(({ network, node, subnet }) =>
        traffic(`${network} on ${node}`, [subnet], gateway.name, gateway.uplink.device),
      ),
    })),
    differences: differencesOf(plan),
    waiting: plan.waiting,
    ...labelsOf(plan),
    ...(role.pool?.unlabelled === 'block' ? { closedPools: role.pool.subnets } : {}),
    notReady: desired.notReady,
  };
}

function labelsOf({ warnings }: Prepared['plan']): Pick<Status, 'labels'> {
  const labels = warnings.filter(({ ofLabel }) => ofLabel);
  return labels.length > 0 ? { labels } : {};
}

function uplinkOf(
  { name, uplink, snat, publish }: MemberGateway,
  wanted: Prepared['desired']['wanted'],
): Omit<GatewayStatus, 'served'> {
  return {
    gateway: name,
    uplink: uplink.via ? `${uplink.device} via ${uplink.via.join(' ')}` : uplink.device,
    snat: typeof snat === 'object' ? snat.join(' ') : snat,
    ...tunnelOf(uplink.device, wanted),
    ...(publish ? { published: publish.map(publishedText) } : {}),
  };
}

function tunnelOf(uplink: string, wanted: Prepared['desired']['wanted']): Pick<GatewayStatus, 'tunnel'> {
  const found = wanted.flatMap(({ object }) => (object.kind === 'tunnel' ? object : []));
  const tunnel = found.find(({ device }) => device === uplink);
  return tunnel ? { tunnel: tunnelKind.print(tunnel) } : {};
}

function differencesOf({ steps }: Prepared['plan']): string[] {
  const lines = steps.flatMap((step) => step.lines).filter(({ sign }) => sign !== '*');
  return lines.map(({ sign, text }) => `${sign} ${text}`);
}

/** Counter of the bridge that the packets came from. */
function spoofedOf(found: readonly ElementCounter[] = []): Pick<TrafficStatus, 'spoofed'> {
  return found.length === 0 ? {} : { spoofed: sum(found.map(({ packets }) => packets)) };
}

/** Its ways past the gateway. */
function waysOf({
  routes,
  whenDown,
  leavesDirectly,
}: NodeNetwork): Pick<TrafficStatus, 'routes' | 'whenDown' | 'leavesDirectly'> {
  const now = families.flatMap((family) => {
    const { since, why } = leavesDirectly?.[family] ?? {};
    return since === undefined || why === undefined ? [] : [{ family, since, why }];
  });
  return {
    ...(whenDown ? { whenDown } : {}),
    ...(now.length > 0 ? { leavesDirectly: now } : {}),
    ...(routes ? { routes: routesOf(routes) } : {}),
  };
}

/** Lists a route for both families once. */
function routesOf({ selectors }: Routes): RouteStatus[] {
  const found = families.flatMap((family) =>
    selectors[family].map((selector) => ({ what: selectorText(selector), via: selector.via })),
  );
  return [...new Map(found.map((route) => [route.what, route])).values()];
}

function publishedText({ port, proto, to, toPort }: PublishedPort): string {
  return `${proto} ${port} leads to ${familyOf(to) === 6 ? `[${to}]` : to}:${toPort}`;
}

/**
 * Next hops in use, in each family of the network: `192.168.50.2, IPv6 blocked`, `192.168.50.2 and 192.168.50.3`; `IPv4
 * directly`.
 */
function egressText(
  { name, subnets, blocked, nextHops, sharedBy, leavesDirectly = {} }: NodeNetwork,
  notReady: readonly NotReady[],
): string {
  const has = (family: Family): boolean => subnets.some((subnet) => familyOf(subnet) === family);
  return families
    .flatMap((family) => {
      if (blocked.includes(family)) return [`IPv${family} blocked`];
      if (has(family) && leavesDirectly[family]) return [`IPv${family} directly`];
      if (has(family) && notReadyOf(notReady, `network ${name}`, family).length > 0)
        return [`IPv${family} not ready`];
      if (!has(family)) return [];
      const ofFamily = (hops: readonly Address[]): Address[] =>
        hops.filter((hop) => familyOf(hop) === family);
      const inUse = sharedBy ? ofFamily(sharedBy) : ofFamily(nextHops).slice(0, 1);
      return inUse.length > 0 ? inUse.join(' and ') : [];
    })
    .join(', ');
}
