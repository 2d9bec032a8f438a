/** Reads routes of a host, ours and foreign ones, with numbers instead of names. */
import * as z from 'zod';
import { type Address, type Family, isLinkLocal } from '../../address/cidr.ts';
import type { ForeignRoute, Hop } from '../../state/facts.ts';
import type { Route } from '../../kinds/route/schema.ts';
import { birdProtocol, learnedMetric, mainTable } from '../../kinds/ownership.ts';
import { deviceName } from './device-name.ts';
import { address, destination, isOwnRow, number, numberText } from './fields.ts';
import { decodeJson } from './json.ts';
import { isPlainRoute } from './plain-route.ts';
import type { Exec } from '../ports.ts';
import { readRows } from './odd-names.ts';

/** RTN_UNREACHABLE of linux/rtnetlink.h, as `ip -N` prints it */
const unreachable = '7';

/** RTPROT_RA: from a router advertisement */
const advertised = '9';

export const routeSchema = z.object({
  type: z.string().optional(),
  dst: destination,
  gateway: address.optional(),
  dev: deviceName.optional(),
  table: numberText.optional(),
  protocol: z.string().optional(),
  metric: number.optional(),
  nexthops: z.array(z.object({ gateway: address.optional(), dev: deviceName.optional() })).optional(),
});
type RawRoute = z.infer<typeof routeSchema>;

export interface Routes {
  readonly owned: Route[];
  /** routes of our routing daemon, which are its own affair */
  readonly learned: boolean;
  readonly foreign: ForeignRoute[];
  readonly defaultHops: Hop[];
  readonly routerAdvertisedDefaults: string[];
  readonly usedTables: number[];
}

/** @param text output of `ip -j -N route show table all` */
export function decodeRoutes(argv: readonly string[], text: string, family: Family): Routes {
  const { rows: raw, undecodable } = decodeJson(
    argv,
    text,
    z.unknown().transform((given) => readRows<RawRoute>(given, routeSchema, isOwnRow, isPlainRoute)),
  );
  const foreign = raw.filter((route) => !isOwnRow(route) && !isLearned(route));
  const main = foreign.filter(isUnicastOfMain);
  const defaults = main.filter(({ dst }) => dst === 'default');
  const fromRouters = defaults.filter((route) => route.protocol === advertised).flatMap(hopsOf);
  return {
    learned: raw.some(isLearned),
    owned: raw.filter(isOwnRow).map((route) => ownRoute(route, family)),
    foreign: main.filter(({ dst }) => dst !== 'default' && !isLinkLocal(dst)).map(foreignRoute),
    defaultHops: sortedHops(defaults.filter((route) => route.protocol !== advertised).flatMap(hopsOf)),
    routerAdvertisedDefaults: [...new Set(fromRouters.map(({ device }) => device))].sort(),
    usedTables: [...new Set([...foreign.map(tableOf), ...undecodable.flatMap(tableOfUndecodable)])],
  };
}

/** Another BIRD would have to be told this metric. */
function isLearned({ protocol, metric }: RawRoute): boolean {
  return protocol === String(birdProtocol) && metric === learnedMetric;
}

function ownRoute(raw: RawRoute, family: Family): Route {
  return {
    kind: 'route',
    family,
    table: tableOf(raw),
    destination: raw.dst,
    metric: raw.metric ?? 0,
    target:
      raw.type === unreachable
        ? { kind: 'unreachable' }
        : {
            kind: 'unicast',
            ...(raw.gateway === undefined ? {} : { via: raw.gateway }),
            ...(raw.dev === undefined ? {} : { device: raw.dev }),
          },
  };
}

function isUnicastOfMain(raw: RawRoute): boolean {
  return raw.type === undefined && tableOf(raw) === mainTable;
}

function hopsOf({ nexthops = [], ...only }: RawRoute): Hop[] {
  return [only, ...nexthops].flatMap(({ gateway, dev }) =>
    gateway === undefined || dev === undefined ? [] : [{ via: gateway, device: dev }],
  );
}

/** Returns each next hop once, sorted. */
function sortedHops(hops: readonly Hop[]): Hop[] {
  const found = new Map(hops.map((hop) => [`${hop.via} ${hop.device}`, hop]));
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, hop]) => hop);
}

function foreignRoute({ dst, nexthops = [], ...only }: RawRoute): ForeignRoute {
  const { gateway, dev } = nexthops[0] ?? only;
  return {
    destination: dst,
    ...(gateway === undefined ? {} : { via: gateway }),
    ...(dev === undefined ? {} : { device: dev }),
  };
}

/** A route that fails to decode still marks its table as used. */
function tableOfUndecodable(raw: unknown): number[] {
  const { success, data } = z.object({ table: numberText }).safeParse(raw);
  return success ? [Number(data.table)] : [];
}

function tableOf({ table }: RawRoute): number {
  return table === undefined ? mainTable : Number(table);
}

const routeGetSchema = z.object({
  type: z.string().optional(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  prefsrc: z.string().optional(),
  metrics: z.array(z.object({ mtu: z.number().optional() })).optional(),
  /** seconds that the kernel keeps what it has learned: the metrics are not the route's own */
  expires: z.number().optional(),
});
export type RouteGetResult = z.infer<typeof routeGetSchema>;

/**
 * Returns output of `ip route get`, or undefined when there is no route.
 * @param from an address of this host; absent: the kernel chooses
 */
export function getRoute(exec: Exec, to: Address, from?: Address): Promise<RouteGetResult | undefined> {
  return lookUp(exec, [to, ...(from === undefined ? [] : ['from', from])]);
}

/** The same as it is in the table, without an MTU that the kernel has learned from ICMP and forgets again. */
export function getTableRoute(exec: Exec, to: Address): Promise<RouteGetResult | undefined> {
  return lookUp(exec, ['fibmatch', to]);
}

async function lookUp(exec: Exec, what: readonly string[]): Promise<RouteGetResult | undefined> {
  const argv = ['ip', '-j', 'route', 'get', ...what];
  const { exitCode, stdout } = await exec.run(argv);
  return exitCode === 0 ? decodeJson(argv, stdout, z.array(routeGetSchema))[0] : undefined;
}

export function routeMtu({ metrics }: RouteGetResult): number | undefined {
  return metrics?.find(({ mtu }) => mtu !== undefined)?.mtu;
}
