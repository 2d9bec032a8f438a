/** `ip route` of iproute2 6.1 on Linux 6.18, and the routes that the kernel adds itself. */
import { type Family, contains, familyOf, parseSubnet } from '../../src/address/cidr.ts';
import { lastOf, lengthOf, widthOf } from './address.ts';
import { remember, rememberOf } from './remember.ts';
import {
  type FakeLink,
  type FakeRoute,
  type FakeState,
  localTable,
  mainTable,
  unknownToFake,
} from './state.ts';
import { type Words, readNumber } from './words.ts';

/** RTPROT_KERNEL */
const kernel = 2;
/** RTPROT_BOOT: default of `ip route`; not printed */
const boot = 3;

/** Runs `route add`, `replace` and `delete`; returns the error, or undefined on success. */
export function changeRoute(
  state: FakeState,
  family: Family,
  verb: string,
  words: Words,
): string | undefined {
  if (verb === 'delete') return deleteRoute(state, readRoute(words, family, 0));
  const route = readRoute(words, family);
  if (verb !== 'add' && verb !== 'replace') return unknownToFake(`route ${verb}`);
  const problem = nextHopProblem(route, state.links);
  if (problem !== undefined) return problem;
  const at = state.routes.findIndex((other) => routeKey(other) === routeKey(route));
  if (at >= 0 && verb === 'add') return 'RTNETLINK answers: File exists';
  state.routes = at < 0 ? [...state.routes, route] : state.routes.with(at, route);
  return undefined;
}

/** IP6_RT_PRIO_USER: default metric */
const userMetric = 1024;
/** IP6_RT_PRIO_ADDRCONF: metric of routes that the kernel adds for an address */
const addressMetric = 256;

/**
 * @param family default: family of the addresses
 * @param unsaid metric of a route without one
 */
export function readRoute(words: Words, family?: Family, unsaid?: number): FakeRoute {
  const type = words.take('unreachable') ? 'unreachable' : 'unicast';
  const destination = words.next();
  const via = words.take('via') ? words.next() : undefined;
  const device = words.take('dev') ? words.next() : undefined;
  const table = words.take('table') ? readNumber(words) : mainTable;
  const own = family ?? familyOf(destination === 'default' ? (via ?? '') : destination);
  const metric = words.take('metric') ? readNumber(words) : (unsaid ?? (own === 6 ? userMetric : 0));
  const protocol = words.take('protocol') ? readNumber(words) : boot;
  words.end();
  return { family: own, type, destination, via, device, table, metric, protocol };
}

/** Reason why the kernel refuses a route. */
function nextHopProblem(route: FakeRoute, links: readonly FakeLink[]): string | undefined {
  const { type, via, device } = route;
  if (type !== 'unicast') return undefined;
  const candidates = links.filter(({ name }) => device === undefined || name === device);
  if (candidates.length === 0) return `Cannot find device "${device ?? ''}"`;
  if (routeFamily(route) === 6) return nextHopProblem6(route, candidates);
  if (via === undefined) {
    return candidates.some(({ up }) => up) ? undefined : 'Error: Device for nexthop is not up.';
  }
  return isNeighbour(via, candidates) ? undefined : 'Error: Nexthop has invalid gateway.';
}

function nextHopProblem6({ via, device }: FakeRoute, candidates: readonly FakeLink[]): string | undefined {
  const needsNoSubnet = via === undefined || isOfLink(via);
  if (needsNoSubnet && device === undefined) return 'Error: Egress device not specified.';
  if (!needsNoSubnet) {
    return isNeighbour(via, candidates) ? undefined : 'RTNETLINK answers: No route to host';
  }
  return candidates.some(({ up }) => up) ? undefined : 'Error: Nexthop device is not up.';
}

function isNeighbour(via: string, links: readonly FakeLink[]): boolean {
  return links.some(({ up, addresses }) => up && addresses.some((address) => contains(address, via)));
}

function isOfLink(address: string): boolean {
  return address.startsWith('fe80:');
}

function deleteRoute(state: FakeState, route: FakeRoute): string | undefined {
  const at = state.routes.findIndex(
    (other) =>
      isNamed(other, route) &&
      other.protocol === route.protocol &&
      (route.via === undefined || other.via === route.via) &&
      (route.device === undefined || other.device === route.device),
  );
  if (at < 0) return 'RTNETLINK answers: No such process';
  state.routes = state.routes.toSpliced(at, 1);
  return undefined;
}

/** IPv6 ignores the type, and also the metric if none is given. */
function isNamed(other: FakeRoute, named: FakeRoute): boolean {
  if (routeFamily(named) === 4) return routeKey(other) === routeKey(named) && other.type === named.type;
  return routeKey(named.metric === 0 ? { ...named, metric: other.metric } : named) === routeKey(other);
}

function routeKey(route: FakeRoute): string {
  const { table, destination, metric } = route;
  return `${routeFamily(route)} ${table} ${destination} ${metric}`;
}

export function routeFamily({ family = 4 }: FakeRoute): Family {
  return family;
}

/** All routes of the kernel, including those for addresses of links that are up, in the kernel's order. */
export function allRoutes({ routes, links }: FakeState, family: Family): FakeRoute[] {
  const all = [...routes, ...madeRoutes(links)].filter((route) => routeFamily(route) === family);
  const keyOf = family === 4 ? sortKey4 : sortKey6;
  return all.sort((a, b) => {
    const [first, second] = [keyOf(a.destination), keyOf(b.destination)];
    return hashOf(a) - hashOf(b) || Number(first > second) - Number(first < second) || a.metric - b.metric;
  });
}

const madeRoutes = rememberOf((links: readonly FakeLink[]) =>
  links.flatMap((link) => [
    ...link.addresses.flatMap((address) =>
      familyOf(address) === 4 ? kernelRoutes4(link, address) : kernelRoutes6(link, address),
    ),
    ...multicastRoutes(link),
  ]),
);

/** The kernel keeps tables in 256 lists. */
function hashOf({ table }: FakeRoute): number {
  return table % 256;
}

/** Sorts by address; for the same address, the longer prefix first. */
const sortKey4 = remember((destination: string): string => {
  const [address = '', length = '32'] = (destination === 'default' ? '0.0.0.0/0' : destination).split('/');
  const parts = [...address.split('.').map(Number), 32 - Number(length)];
  return parts.map((part) => String(part).padStart(3, '0')).join('.');
});

/** Sorts like the kernel's tree, from leaves to root: inner subnets first. */
const sortKey6 = remember((destination: string): string => {
  const subnet = destination === 'default' ? '::/0' : destination;
  return `${lastOf(subnet)} ${String(128 - lengthOf(subnet)).padStart(3, '0')}`;
});

function kernelRoutes4({ name: device, up }: FakeLink, prefix: string): FakeRoute[] {
  const address = prefix.split('/')[0] ?? '';
  const own = { metric: 0, device, protocol: kernel };
  const local = { ...own, type: 'local', table: localTable, destination: `${address}/32` } as const;
  const subnet = subnetOf(prefix);
  if (!up || subnet.endsWith('/32')) return [local];
  if (device === 'lo') return [local, { ...local, destination: subnet }];
  return [local, { ...own, type: 'unicast', table: mainTable, destination: subnet }];
}

/** A route to a single address exists in main, too. */
function kernelRoutes6({ name: device, up }: FakeLink, prefix: string): FakeRoute[] {
  const address = prefix.split('/')[0] ?? '';
  const own = { family: 6, device, protocol: kernel } as const;
  const local: FakeRoute = {
    ...own,
    type: 'local',
    table: localTable,
    destination: `${address}/128`,
    metric: 0,
  };
  if (!up || device === 'lo') return [local];
  const destination = subnetOf(prefix);
  return [local, { ...own, type: 'unicast', table: mainTable, destination, metric: addressMetric }];
}

function multicastRoutes({ name: device, up, addresses, pointToPoint }: FakeLink): FakeRoute[] {
  const speaks =
    up && !pointToPoint && device !== 'lo' && addresses.some((address) => familyOf(address) === 6);
  const own = { family: 6, device, protocol: kernel, type: 'multicast', table: localTable } as const;
  return speaks ? [{ ...own, destination: 'ff00::/8', metric: addressMetric }] : [];
}

function subnetOf(prefix: string): string {
  const subnet = parseSubnet(prefix);
  if (typeof subnet === 'string') return subnet;
  return subnet.kind === 'host-bits' ? subnet.subnet : unknownToFake(`address ${prefix}`);
}

export function printRoute(route: FakeRoute): string {
  const { type, table, destination, metric, via, device, protocol } = route;
  return [
    `route ${routeFamily(route) === 6 ? 'of IPv6 ' : ''}table ${table}: ${type} ${destination}`,
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(device === undefined ? [] : [`dev ${device}`]),
    `metric ${metric} protocol ${protocol}`,
  ].join(' ');
}

/** RTN_* of linux/rtnetlink.h */
const typeNumbers = { unicast: '1', local: '2', broadcast: '3', multicast: '5', unreachable: '7' };

/** Element of `ip -j -N route show table all`. */
export function routeJson(route: FakeRoute): object {
  const { type, table, destination, metric, via, protocol } = route;
  const family = routeFamily(route);
  // IPv6 unreachable routes have device lo.
  const device = family === 6 && type === 'unreachable' ? 'lo' : route.device;
  return {
    ...(type === 'unicast' ? {} : { type: typeNumbers[type] }),
    dst: destination.endsWith(`/${widthOf(family)}`) ? destination.split('/')[0] : destination,
    ...(via === undefined ? {} : { gateway: via }),
    ...(device === undefined ? {} : { dev: device }),
    ...(table === mainTable ? {} : { table: String(table) }),
    ...(protocol === boot ? {} : { protocol: String(protocol) }),
    ...(metric === 0 && family === 4 ? {} : { metric }),
    flags: [],
    ...(family === 6 ? { pref: 'medium' } : {}),
  };
}
