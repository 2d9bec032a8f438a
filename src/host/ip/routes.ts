/** The routes of a host, ours and those of others; numbers instead of names. */
import * as z from 'zod';
import { type Address, type Family, isLinkLocal } from '../../address/cidr.ts';
import type { ForeignRoute, Hop } from '../../state/facts.ts';
import type { Route } from '../../kinds/route/schema.ts';
import { mainTable, ownProtocol } from '../../kinds/ownership.ts';
import { deviceName } from './device-name.ts';
import { address, destination, number, numberText } from './fields.ts';
import { decodeJson } from './json.ts';
import { isPlainRoute } from './plain-route.ts';
import type { Exec } from '../ports.ts';
import { readRows } from './odd-names.ts';
import { isObject } from '../../kinds/alike.ts';

const protocol = String(ownProtocol);
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
  readonly foreign: ForeignRoute[];
  readonly defaultHops: Hop[];
  readonly routerAdvertisedDefaults: string[];
  readonly usedTables: number[];
}

/** @param text what `ip -j -N route show table all` printed */
export function decodeRoutes(argv: readonly string[], text: string, family: Family): Routes {
  const { rows: raw, strange } = decodeJson(
    argv,
    text,
    z.unknown().transform((given) => readRows<RawRoute>(given, routeSchema, isOwn, isPlainRoute)),
  );
  const foreign = raw.filter((route) => route.protocol !== protocol);
  const main = foreign.filter(isUnicastOfMain);
  const defaults = main.filter(({ dst }) => dst === 'default');
  const fromRouters = defaults.filter((route) => route.protocol === advertised).flatMap(hopsOf);
  return {
    owned: raw.filter((route) => route.protocol === protocol).map((route) => ownRoute(route, family)),
    foreign: main.filter(({ dst }) => dst !== 'default' && !isLinkLocal(dst)).map(foreignRoute),
    defaultHops: sortedHops(defaults.filter((route) => route.protocol !== advertised).flatMap(hopsOf)),
    routerAdvertisedDefaults: [...new Set(fromRouters.map(({ device }) => device))].sort(),
    usedTables: [...new Set([...foreign.map(tableOf), ...strange.flatMap(tableOfStrange)])],
  };
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

/** Each once. */
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

/** A route that we cannot read keeps its table to itself all the same. */
function tableOfStrange(raw: unknown): number[] {
  const { success, data } = z.object({ table: numberText }).safeParse(raw);
  return success ? [Number(data.table)] : [];
}

function isOwn(raw: unknown): boolean {
  return isObject(raw) && raw['protocol'] === protocol;
}

function tableOf({ table }: RawRoute): number {
  return table === undefined ? mainTable : Number(table);
}

const routeAnswerSchema = z.object({
  type: z.string().optional(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  prefsrc: z.string().optional(),
});
export type RouteAnswer = z.infer<typeof routeAnswerSchema>;

/**
 * What `ip route get` says, or nothing when there is no route.
 * @param from an address of this host; without it, the kernel chooses
 */
export async function getRoute(exec: Exec, to: Address, from?: Address): Promise<RouteAnswer | undefined> {
  const argv = ['ip', '-j', 'route', 'get', to, ...(from === undefined ? [] : ['from', from])];
  const { exitCode, stdout } = await exec.run(argv);
  return exitCode === 0 ? decodeJson(argv, stdout, z.array(routeAnswerSchema))[0] : undefined;
}
