/** The status: redirected networks, their gateways and counters, and packets that the guard dropped. */
import type { Prepared, Target } from '../inspect/prepare.ts';
import { type Family, type Subnet, families, familyOf, longSubnet } from '../address/cidr.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import { countsDropped, subnetOfElement } from '../kinds/nft-table/set-name.ts';
import type { NotReady } from '../desired/redirect.ts';
import { notReadyOf } from '../plan/not-ready.ts';
import { selectorText } from '../spec/route-order.ts';
import type { PublishedPort } from '../spec/spec.ts';
import type { NodeNetwork, Routes } from '../topology/role.ts';

export interface Status {
  readonly host: string;
  readonly networks: readonly TrafficStatus[];
  readonly gateways: readonly GatewayStatus[];
  /** what `apply` would do: empty when the host is as the file says */
  readonly differences: readonly string[];
  readonly waiting: readonly string[];
  /** what is closed until it is as the file says */
  readonly notReady: readonly NotReady[];
}

export interface TrafficStatus {
  readonly network: string;
  readonly subnets: readonly Subnet[];
  readonly gateway: string;
  /** where the packets go: next hop or device */
  readonly way: string;
  readonly table: number;
  readonly mark: number;
  readonly packets: number;
  readonly bytes: number;
  /** packets that the guard dropped */
  readonly dropped: number;
  /** packets with another source than the network's, which were dropped; absent where it is not looked for */
  readonly spoofed?: number;
  /** what goes another way, most specific first; absent when nothing does */
  readonly routes?: readonly RouteStatus[];
}

export interface RouteStatus {
  /** `198.51.100.0/24 tcp 25` */
  readonly what: string;
  /** a gateway, or direct */
  readonly via: string;
}

export interface GatewayStatus {
  readonly gateway: string;
  readonly uplink: string;
  readonly snat: string;
  /** ports of the uplink that lead to containers: `tcp 8080 leads to 10.89.4.5:80`; absent when there are none */
  readonly published?: readonly string[];
  readonly served: readonly TrafficStatus[];
}

export function hostStatus({ role }: Target, { counters, desired, plan }: Prepared): Status {
  const numbers = desired.numbers.gateways;
  const counted = bySubnet(counters);
  const traffic = (
    network: string,
    subnets: readonly Subnet[],
    gateway: string,
    way: string,
  ): TrafficStatus => ({
    network,
    subnets,
    gateway,
    way,
    table: numbers[gateway]?.table ?? 0,
    mark: numbers[gateway]?.mark ?? 0,
    ...count(counted, subnets),
  });
  return {
    host: role.host,
    networks: role.networks.map((network) => ({
      ...traffic(network.name, network.subnets, network.gateway, wayOf(network, desired.notReady)),
      ...spoofedOf(counters, desired.bridges[network.name]),
      ...(network.routes ? { routes: routesOf(network.routes) } : {}),
    })),
    gateways: role.gateways.map(({ name, uplink, snat, publish, served }) => ({
      gateway: name,
      uplink: uplink.via ? `${uplink.device} via ${uplink.via.join(' ')}` : uplink.device,
      snat: typeof snat === 'object' ? snat.join(' ') : snat,
      ...(publish ? { published: publish.map(publishedText) } : {}),
      served: served.map(({ network, node, subnet }) =>
        traffic(`${network} on ${node}`, [subnet], name, uplink.device),
      ),
    })),
    differences: differencesOf(plan),
    waiting: plan.waiting,
    notReady: desired.notReady,
  };
}

function differencesOf({ steps }: Prepared['plan']): string[] {
  const lines = steps.flatMap((step) => step.lines).filter(({ sign }) => sign !== '*');
  return lines.map(({ sign, text }) => `${sign} ${text}`);
}

/** By the bridge that they came from. */
function spoofedOf(counters: readonly ElementCounter[], bridge = ''): Pick<TrafficStatus, 'spoofed'> {
  const found = counters.filter(({ set, element }) => set === 'spoofed' && element === `"${bridge}"`);
  return found.length === 0 ? {} : { spoofed: sum(found.map(({ packets }) => packets)) };
}

/** One that is about both families is told once. */
function routesOf({ selectors }: Routes): RouteStatus[] {
  const found = families.flatMap((family) =>
    selectors[family].map((selector) => ({ what: selectorText(selector), via: selector.via })),
  );
  return [...new Map(found.map((route) => [route.what, route])).values()];
}

function publishedText({ port, proto, to, toPort }: PublishedPort): string {
  return `${proto} ${port} leads to ${familyOf(to) === 6 ? `[${to}]` : to}:${toPort}`;
}

/** Of each family that the network has, the most preferred next hop: `192.168.50.2, IPv6 blocked`. */
function wayOf({ name, subnets, blocked, nextHops }: NodeNetwork, notReady: readonly NotReady[]): string {
  const has = (family: Family): boolean => subnets.some((subnet) => familyOf(subnet) === family);
  return families
    .flatMap((family) => {
      if (blocked.includes(family)) return [`IPv${family} blocked`];
      if (has(family) && notReadyOf(notReady, `network ${name}`, family).length > 0)
        return [`IPv${family} not ready`];
      return has(family) ? (nextHops.find((hop) => familyOf(hop) === family) ?? []) : [];
    })
    .join(', ');
}

/** Counters by the subnet that their element begins with. */
function bySubnet(counters: readonly ElementCounter[]): Map<Subnet, ElementCounter[]> {
  const found = new Map<Subnet, ElementCounter[]>();
  for (const counter of counters) {
    const subnet = longSubnet(subnetOfElement(counter.set, counter.element.split(' . ')[0] ?? ''));
    const list = found.get(subnet);
    if (list) list.push(counter);
    else found.set(subnet, [counter]);
  }
  return found;
}

function count(
  counters: ReadonlyMap<Subnet, readonly ElementCounter[]>,
  subnets: readonly Subnet[],
): Pick<TrafficStatus, 'packets' | 'bytes' | 'dropped'> {
  const own = subnets.flatMap((subnet) => counters.get(subnet) ?? []);
  const passed = own.filter(({ set }) => !countsDropped(set));
  const dropped = own.filter(({ set }) => countsDropped(set));
  return {
    packets: sum(passed.map(({ packets }) => packets)),
    bytes: sum(passed.map(({ bytes }) => bytes)),
    dropped: sum(dropped.map(({ packets }) => packets)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
