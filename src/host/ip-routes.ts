/** Reads the routes of a host, ours and those of others; numbers instead of names. */
import * as z from 'zod';
import { type Address, type Family, longSubnet } from '../address/cidr.ts';
import type { Route } from '../state/objects.ts';
import { mainTable, ownProtocol } from '../state/ownership.ts';
import { decodeJson, readJson } from './ip-json.ts';
import type { Exec } from './ports.ts';

const protocol = String(ownProtocol);
/** RTN_UNREACHABLE of linux/rtnetlink.h, as `ip -N` prints it */
const unreachable = '7';

const routeSchema = z.object({
  type: z.string().optional(),
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string().optional(),
  table: z.string().optional(),
  protocol: z.string().optional(),
  metric: z.number().optional(),
});
type RawRoute = z.infer<typeof routeSchema>;

export async function readRoutes(
  exec: Exec,
  family: Family,
): Promise<{ readonly owned: Route[]; readonly usedTables: number[] }> {
  const argv = ['ip', '-j', '-N', `-${family}`, 'route', 'show', 'table', 'all'];
  const raw = await readJson(exec, argv, z.array(routeSchema));
  const foreign = raw.filter((route) => route.protocol !== protocol);
  return {
    owned: raw.filter((route) => route.protocol === protocol).map((route) => ownRoute(route, family)),
    usedTables: [...new Set(foreign.map(tableOf))],
  };
}

function ownRoute(raw: RawRoute, family: Family): Route {
  return {
    kind: 'route',
    family,
    table: tableOf(raw),
    destination: raw.dst === 'default' ? raw.dst : longSubnet(raw.dst),
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

/** What `ip route get` says, or nothing when there is no route. */
export async function getRoute(exec: Exec, to: Address): Promise<RouteAnswer | undefined> {
  const argv = ['ip', '-j', 'route', 'get', to];
  const { exitCode, stdout } = await exec.run(argv);
  return exitCode === 0 ? decodeJson(argv, stdout, z.array(routeAnswerSchema))[0] : undefined;
}
