/** Reads links, rules and routes with `ip -j`, numbers instead of names. */
import * as z from 'zod';
import type { Family } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import type { ForeignRule, Link } from '../state/facts.ts';
import type { Route, Rule } from '../state/objects.ts';
import { ownProtocol } from '../state/ownership.ts';
import { runOrFail } from './exec.ts';
import type { Exec } from './ports.ts';

const mainTable = 254;
const protocol = String(ownProtocol);
/** RTN_UNREACHABLE of linux/rtnetlink.h, as `ip -N` prints it */
const unreachable = '7';
/** FR_ACT_PROHIBIT of linux/fib_rules.h, as `ip -N` prints it */
const prohibit = '8';

const linkSchema = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  flags: z.array(z.string()),
  master: z.string().optional(),
  link_type: z.string().optional(),
  address: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number().optional() })).optional(),
});

export async function readLinks(exec: Exec): Promise<Link[]> {
  const links = await readJson(exec, ['ip', '-j', '-d', 'address', 'show'], z.array(linkSchema));
  return links.map((link) => ({
    name: link.ifname,
    index: link.ifindex,
    up: link.flags.includes('UP'),
    ...(link.link_type === 'ether' && link.address !== undefined ? { mac: link.address } : {}),
    ...(link.master === undefined ? {} : { master: link.master }),
    ...(link.linkinfo?.info_kind === undefined ? {} : { type: link.linkinfo.info_kind }),
    addresses: (link.addr_info ?? []).flatMap(({ local, prefixlen }) =>
      local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`],
    ),
  }));
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
  const from = subnetOf(raw.src, raw.srclen, family);
  const to = subnetOf(raw.dst, raw.dstlen, family);
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
  if (raw.action === prohibit) return { kind: 'prohibit' };
  return { kind: 'lookup', table: Number(raw.table ?? 0) };
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

function subnetOf(
  address: string | undefined,
  length: number | undefined,
  family: Family,
): string | undefined {
  if (address === undefined || address === 'all') return undefined;
  return `${address}/${length ?? (family === 4 ? 32 : 128)}`;
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
  const host = raw.dst !== 'default' && !raw.dst.includes('/');
  return {
    kind: 'route',
    family,
    table: tableOf(raw),
    destination: host ? `${raw.dst}/${family === 4 ? 32 : 128}` : raw.dst,
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

async function readJson<T>(exec: Exec, argv: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const text = await runOrFail(exec, argv);
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
