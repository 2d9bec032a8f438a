/** `ip route`, as iproute2 6.1 on Linux 6.18 has it, and the routes that the kernel makes itself. */
import { contains, parseSubnet } from '../../src/address/cidr.ts';
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

/** the kernel's own */
const kernel = 2;
/** of whoever does not say who he is; not printed */
const boot = 3;

/** What `route add`, `replace` and `delete` say, nothing when they have done it. */
export function changeRoute(state: FakeState, verb: string, words: Words): string | undefined {
  const route = readRoute(words);
  if (verb === 'delete') return deleteRoute(state, route);
  if (verb !== 'add' && verb !== 'replace') return unknownToFake(`route ${verb}`);
  const problem = nextHopProblem(route, state.links);
  if (problem !== undefined) return problem;
  const at = state.routes.findIndex((other) => routeKey(other) === routeKey(route));
  if (at >= 0 && verb === 'add') return 'RTNETLINK answers: File exists';
  state.routes = at < 0 ? [...state.routes, route] : state.routes.with(at, route);
  return undefined;
}

export function readRoute(words: Words): FakeRoute {
  const type = words.take('unreachable') ? 'unreachable' : 'unicast';
  const destination = words.next();
  const via = words.take('via') ? words.next() : undefined;
  const device = words.take('dev') ? words.next() : undefined;
  const table = words.take('table') ? readNumber(words) : mainTable;
  const metric = words.take('metric') ? readNumber(words) : 0;
  const protocol = words.take('protocol') ? readNumber(words) : boot;
  words.end();
  return { type, destination, via, device, table, metric, protocol };
}

/** What makes the kernel refuse a route. */
function nextHopProblem({ type, via, device }: FakeRoute, links: readonly FakeLink[]): string | undefined {
  if (type !== 'unicast') return undefined;
  const candidates = links.filter(({ name }) => device === undefined || name === device);
  if (candidates.length === 0) return `Cannot find device "${device ?? ''}"`;
  if (via === undefined) {
    return candidates.some(({ up }) => up) ? undefined : 'Error: Device for nexthop is not up.';
  }
  const connected = candidates.some(({ up, addresses }) => up && addresses.some((a) => contains(a, via)));
  return connected ? undefined : 'Error: Nexthop has invalid gateway.';
}

function deleteRoute(state: FakeState, route: FakeRoute): string | undefined {
  const at = state.routes.findIndex(
    (other) =>
      routeKey(other) === routeKey(route) &&
      other.type === route.type &&
      other.protocol === route.protocol &&
      (route.via === undefined || other.via === route.via) &&
      (route.device === undefined || other.device === route.device),
  );
  if (at < 0) return 'RTNETLINK answers: No such process';
  state.routes = state.routes.toSpliced(at, 1);
  return undefined;
}

function routeKey({ table, destination, metric }: FakeRoute): string {
  return `${table} ${destination} ${metric}`;
}

/** All that the kernel routes by, with those that it makes of the addresses of links that are up, in its order. */
export function allRoutes({ routes, links }: FakeState): FakeRoute[] {
  return [...routes, ...madeRoutes(links)].sort((a, b) => {
    const [first, second] = [sortKey(a.destination), sortKey(b.destination)];
    return hashOf(a) - hashOf(b) || Number(first > second) - Number(first < second) || a.metric - b.metric;
  });
}

const madeRoutes = rememberOf((links: readonly FakeLink[]) =>
  links.flatMap((link) => link.addresses.flatMap((address) => kernelRoutes(link, address))),
);

/** Tables are kept in 256 lists. */
function hashOf({ table }: FakeRoute): number {
  return table % 256;
}

/** By address; of two with the same, the longer prefix first. */
const sortKey = remember((destination: string): string => {
  const [address = '', length = '32'] = (destination === 'default' ? '0.0.0.0/0' : destination).split('/');
  const parts = [...address.split('.').map(Number), 32 - Number(length)];
  return parts.map((part) => String(part).padStart(3, '0')).join('.');
});

function kernelRoutes({ name: device, up }: FakeLink, prefix: string): FakeRoute[] {
  const address = prefix.split('/')[0] ?? '';
  const own = { metric: 0, device, protocol: kernel };
  const local = { ...own, type: 'local', table: localTable, destination: `${address}/32` } as const;
  const subnet = subnetOf(prefix);
  if (!up || subnet.endsWith('/32')) return [local];
  if (device === 'lo') return [local, { ...local, destination: subnet }];
  return [local, { ...own, type: 'unicast', table: mainTable, destination: subnet }];
}

function subnetOf(prefix: string): string {
  const subnet = parseSubnet(prefix);
  if (typeof subnet === 'string') return subnet;
  return subnet.kind === 'host-bits' ? subnet.subnet : unknownToFake(`address ${prefix}`);
}

export function printRoute({ type, table, destination, metric, via, device, protocol }: FakeRoute): string {
  return [
    `route table ${table}: ${type} ${destination}`,
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(device === undefined ? [] : [`dev ${device}`]),
    `metric ${metric} protocol ${protocol}`,
  ].join(' ');
}

/** RTN_* of linux/rtnetlink.h */
const typeNumbers = { unicast: '1', local: '2', broadcast: '3', unreachable: '7' };

/** One element of `ip -j -N -4 route show table all`. */
export function routeJson({ type, table, destination, metric, via, device, protocol }: FakeRoute): object {
  return {
    ...(type === 'unicast' ? {} : { type: typeNumbers[type] }),
    dst: destination.replace(/\/32$/, ''),
    ...(via === undefined ? {} : { gateway: via }),
    ...(device === undefined ? {} : { dev: device }),
    ...(table === mainTable ? {} : { table: String(table) }),
    ...(protocol === boot ? {} : { protocol: String(protocol) }),
    ...(metric === 0 ? {} : { metric }),
    flags: [],
  };
}
