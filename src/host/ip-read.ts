/** Reads links, rules, routes and neighbours with `ip -j`. */
import * as z from 'zod';
import { type Address, type Family, longSubnet, subnetOfAddress } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import type { ForeignRule, Link } from '../state/facts.ts';
import type { Route, Rule } from '../state/objects.ts';
import { mainTable, ownProtocol } from '../state/ownership.ts';
import { runOrFail } from './exec.ts';
import type { Exec } from './ports.ts';

const protocol = String(ownProtocol);
/** RTN_UNREACHABLE of linux/rtnetlink.h, as `ip -N` prints it */
const unreachable = '7';
/** FR_ACT_UNREACHABLE and FR_ACT_PROHIBIT of linux/fib_rules.h, as `ip -N` prints them */
const ruleActions: Readonly<Record<string, Rule['action']>> = {
  7: { kind: 'unreachable' },
  8: { kind: 'prohibit' },
};

const linkSchema = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  link_type: z.string().optional(),
  link: z.string().nullish(),
  master: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  addr_info: z
    .array(
      z.object({
        local: z.string().optional(),
        /** the other end of a point-to-point link */
        address: z.string().optional(),
        prefixlen: z.number().optional(),
      }),
    )
    .optional(),
});

const stackedKinds = new Set(['vlan', 'macvlan', 'ipvlan', 'macvtap']);

export async function readLinks(exec: Exec): Promise<Link[]> {
  const links = await readJson(exec, ['ip', '-j', '-d', 'address', 'show'], z.array(linkSchema));
  return links.map(decodeLink);
}

function decodeLink(raw: z.infer<typeof linkSchema>): Link {
  const type = raw.linkinfo?.info_kind;
  const peers = (raw.addr_info ?? []).flatMap(({ address, prefixlen }) =>
    address === undefined || prefixlen === undefined ? [] : [`${address}/${prefixlen}`],
  );
  return {
    name: raw.ifname,
    index: raw.ifindex,
    ethernet: raw.link_type === 'ether',
    ...(raw.master === undefined ? {} : { master: raw.master }),
    ...(raw.link && stackedKinds.has(type ?? '') ? { parent: raw.link } : {}),
    ...(type === undefined ? {} : { type }),
    addresses: (raw.addr_info ?? []).flatMap(({ local, prefixlen }) =>
      local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`],
    ),
    ...(peers.length > 0 ? { peers } : {}),
  };
}

const ruleSchema = z.looseObject({
  priority: z.number(),
  src: z.string().optional(),
  srclen: z.number().optional(),
  dst: z.string().optional(),
  dstlen: z.number().optional(),
  fwmark: z.string().optional(),
  fwmask: z.string().optional(),
  table: z.string().optional(),
  suppress_prefixlen: z.number().optional(),
  goto: z.number().optional(),
  action: z.string().optional(),
  protocol: z.string().optional(),
});
type RawRule = z.infer<typeof ruleSchema>;

export async function readRules(
  exec: Exec,
  family: Family,
): Promise<{ readonly owned: Rule[]; readonly foreign: ForeignRule[] }> {
  const raw = await readJson(exec, ['ip', '-j', '-N', `-${family}`, 'rule', 'show'], z.array(ruleSchema));
  return {
    owned: raw.filter((rule) => rule.protocol === protocol).map((rule) => ownRule(rule, family)),
    foreign: raw.filter((rule) => rule.protocol !== protocol).map((rule) => foreignRule(rule, family)),
  };
}

function ownRule(raw: RawRule, family: Family): Rule {
  const from = subnetOf(raw.src, raw.srclen);
  const to = subnetOf(raw.dst, raw.dstlen);
  const fwmark = markOf(raw);
  return {
    kind: 'rule',
    family,
    preference: raw.priority,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(fwmark ? { fwmark } : {}),
    action: actionOf(raw),
  };
}

function actionOf(raw: RawRule): Rule['action'] {
  if (raw.goto !== undefined) return { kind: 'goto', preference: raw.goto };
  if ('nop' in raw) return { kind: 'nop' };
  const closed = ruleActions[raw.action ?? ''];
  if (closed) return closed;
  const suppress = raw.suppress_prefixlen;
  return {
    kind: 'lookup',
    table: Number(raw.table ?? 0),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

function foreignRule(raw: RawRule, family: Family): ForeignRule {
  const fwmark = markOf(raw);
  return {
    family,
    preference: raw.priority,
    ...(fwmark ? { fwmark } : {}),
    ...(raw.table === undefined ? {} : { table: Number(raw.table) }),
  };
}

function markOf({ fwmark, fwmask }: RawRule): { value: number; mask: number } | undefined {
  if (fwmark === undefined) return undefined;
  return { value: Number(fwmark), mask: fwmask === undefined ? 0xffffffff : Number(fwmask) };
}

function subnetOf(address: string | undefined, length: number | undefined): string | undefined {
  if (address === undefined || address === 'all') return undefined;
  return length === undefined ? subnetOfAddress(address) : `${address}/${length}`;
}

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

const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().optional(),
  state: z.array(z.string()),
});
export type Neighbour = z.infer<typeof neighbourSchema>;

export async function readNeighbours(exec: Exec): Promise<Neighbour[]> {
  return readJson(exec, ['ip', '-j', '-4', 'neigh', 'show'], z.array(neighbourSchema));
}

async function readJson<T>(exec: Exec, argv: readonly string[], schema: z.ZodType<T>): Promise<T> {
  return decodeJson(argv, await runOrFail(exec, argv), schema);
}

function decodeJson<T>(argv: readonly string[], text: string, schema: z.ZodType<T>): T {
  try {
    // An empty list is printed as nothing by some versions.
    return schema.parse(JSON.parse(text.trim() === '' ? '[]' : text));
  } catch (cause) {
    throw new MustredirectError('failed', `${argv.join(' ')}: its answer is not understood`, {
      hint: 'iproute2 5.10 or later is needed: `ip -V`',
      cause,
    });
  }
}
