/** Foreign changes to our objects, and foreign objects beside them. */
import * as fc from 'fast-check';
import type { FakeHost } from '../fake-host/fake-host.ts';
import type { FakeRoute, FakeRule, FakeState } from '../fake-host/state.ts';
import { routeFamily } from '../fake-host/ip-routes.ts';
import { ruleFamily } from '../fake-host/ip-rules.ts';
import { type NetworkDrift, driftNetworks, networkDrifts } from './drift-networks.ts';
import { type TableDrift, changeAt, driftTable, tableDrifts } from './drift-table.ts';
import { forwardingPaths } from './host.ts';
import { inFamily, twin } from './twins.ts';

const ours = 136;

/** Numbers select objects by position, for a list of any length. */
export interface Drift {
  /** whether each of our rules and routes is kept, repeating */
  readonly kept: readonly boolean[];
  readonly changedRules: readonly number[];
  readonly doubledRules: readonly number[];
  readonly changedRoutes: readonly number[];
  readonly doubledRoutes: readonly number[];
  /** foreign rules and routes with our protocol */
  readonly falseRules: readonly FakeRule[];
  readonly falseRoutes: readonly FakeRoute[];
  readonly foreignRules: readonly FakeRule[];
  readonly foreignRoutes: readonly FakeRoute[];
  readonly table: readonly TableDrift[];
  readonly forwardingOff: boolean;
  readonly networks: readonly NetworkDrift[];
}

type Arbitraries<T> = { readonly [K in keyof T]: fc.Arbitrary<T[K]> };

const subnet = fc.constantFrom('10.0.0.0/22', '10.0.1.0/24', '10.0.2.128/25', '10.0.3.5/32', '10.0.0.0/8');
const opens = { kind: 'lookup', table: 254 } as const;

const falseRule = eitherRule({
  preference: fc.constantFrom(77, 3999, 4000, 4050, 4060, 4100, 4200, 4300, 4999, 6000),
  // `ip rule delete` for a rule without source may delete other rules.
  from: fc.option(subnet, { nil: undefined }),
  action: fc.constantFrom<FakeRule['action'][]>(
    opens,
    { kind: 'lookup', table: 2184 },
    { kind: 'prohibit' },
    { kind: 'goto', preference: 32766 },
  ),
  protocol: fc.constant(ours),
});
const foreignRule = eitherRule({
  preference: fc.constantFrom(50, 5210, 5270, 32000),
  from: fc.option(subnet, { nil: undefined }),
  fwmark: fc.option(
    fc.constantFrom({ value: 0x80000, mask: 0xff0000 }, { value: 0xca6c, mask: 0xffffffff }),
    {
      nil: undefined,
    },
  ),
  action: fc.constantFrom<FakeRule['action'][]>(opens, { kind: 'lookup', table: 1000 }, { kind: 'nop' }),
  protocol: fc.constantFrom(0, 3, 4),
});

const way = { type: 'unicast', via: '192.168.50.77', device: 'eth0' } as const;
const falseRoute = eitherRoute({
  ...constants(way),
  table: fc.constantFrom(254, 300, 301, 310, 2184, 2185, 999),
  destination: fc.constantFrom('default', '9.9.9.0/24', '10.0.0.0/25'),
  metric: fc.constantFrom(0, 5, 4000),
  protocol: fc.constant(ours),
});
const foreignRoute = eitherRoute({
  ...constants(way),
  table: fc.constantFrom(254, 1000),
  destination: fc.constantFrom('198.51.100.0/24', '9.9.9.0/24', '10.77.0.0/16'),
  metric: fc.constantFrom(0, 100),
  protocol: fc.constantFrom(3, 4, 186),
});

/** Rule of IPv4, or its twin of IPv6. */
function eitherRule(parts: Arbitraries<Omit<FakeRule, 'family'>>): fc.Arbitrary<FakeRule> {
  return fc.tuple(fc.boolean(), fc.record(parts)).map(([isTwin, rule]): FakeRule => {
    const { from } = rule;
    return isTwin ? { ...rule, family: 6, from: from === undefined ? from : twin(from) } : rule;
  });
}

function eitherRoute(parts: Arbitraries<Omit<FakeRoute, 'family'>>): fc.Arbitrary<FakeRoute> {
  return fc.tuple(fc.boolean(), fc.record(parts)).map(([isTwin, route]): FakeRoute => {
    const { destination, metric, via } = route;
    if (!isTwin) return route;
    return {
      ...route,
      family: 6,
      destination: destination === 'default' ? destination : twin(destination),
      // The kernel's default metric.
      metric: metric === 0 ? 1024 : metric,
      via: via === undefined ? via : twin(via),
    };
  });
}

const pick = fc.nat(1000);
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 2 });

export const drifts: fc.Arbitrary<Drift> = fc.record({
  kept: fc.oneof(fc.constant([true]), fc.array(fc.boolean(), { minLength: 1 })),
  changedRules: few(pick),
  doubledRules: few(pick),
  changedRoutes: few(pick),
  doubledRoutes: few(pick),
  falseRules: few(falseRule),
  falseRoutes: few(falseRoute),
  foreignRules: few(foreignRule),
  foreignRoutes: few(foreignRoute),
  table: few(tableDrifts),
  forwardingOff: fc.boolean(),
  networks: few(networkDrifts),
});

/**
 * Changes our objects; apply must repair all of it. Runs after `driftForeign`: of two routes with the same destination
 * and metric, the kernel keeps the first, and a foreign one must not be lost to one with our protocol.
 */
export function driftOurs({ state }: FakeHost, drift: Drift): void {
  driftRules(state, drift);
  driftRoutes(state, drift);
  for (const change of drift.table) if (state.nft) state.nft = driftTable(state.nft, change);
}

/** Adds foreign objects, and changes networks of engines and shared sysctls: these stay when all of ours is removed. */
export async function driftForeign({ state, files }: FakeHost, drift: Drift): Promise<void> {
  for (const change of drift.networks) driftNetworks(state, change);
  state.rules = withRules(state.rules, drift.foreignRules);
  state.routes = withRoutes(state.routes, drift.foreignRoutes);
  if (drift.forwardingOff) for (const path of forwardingPaths) await files.overwrite(path, '0');
}

function driftRules(state: FakeState, drift: Drift): void {
  const [own, others] = parted(state.rules);
  const kept = own.filter((_, i) => stays(drift, i));
  const changed = changeAt(kept, drift.changedRules, (rule) => ({ ...rule, action: opens }));
  const doubled = drift.doubledRules.flatMap((at) => {
    const rule = kept[at % kept.length];
    return rule?.from === undefined ? [] : [{ ...rule, from: inFamily(ruleFamily(rule), '10.0.0.0/8') }];
  });
  state.rules = withRules([], [...others, ...changed, ...doubled, ...drift.falseRules]);
}

function driftRoutes(state: FakeState, drift: Drift): void {
  const [own, others] = parted(state.routes);
  const kept = own.filter((_, i) => stays(drift, i + 1));
  const changed = changeAt(kept, drift.changedRoutes, (route) => ({
    ...route,
    ...way,
    via: inFamily(routeFamily(route), way.via),
  }));
  const doubled = drift.doubledRoutes.flatMap((at) => {
    const route = kept[at % kept.length];
    return route ? [{ ...route, metric: 77 }] : [];
  });
  state.routes = withRoutes([], [...others, ...changed, ...doubled, ...drift.falseRoutes]);
}

function parted<T extends { readonly protocol: number }>(list: readonly T[]): [T[], T[]] {
  return [list.filter(({ protocol }) => protocol === ours), list.filter(({ protocol }) => protocol !== ours)];
}

function stays({ kept }: Drift, i: number): boolean {
  return kept[i % kept.length] ?? true;
}

/** Rules as the kernel keeps them: by preference, without duplicates. */
function withRules(some: readonly FakeRule[], more: readonly FakeRule[]): FakeRule[] {
  return unique([...some, ...more], (rule) => [
    ruleFamily(rule),
    rule.preference,
    rule.from,
    rule.to,
    rule.fwmark,
    rule.action,
    rule.ipproto,
    rule.dport,
  ]).sort((a, b) => a.preference - b.preference);
}

/** One route for each destination and metric of a table: the first one stays. */
function withRoutes(some: readonly FakeRoute[], more: readonly FakeRoute[]): FakeRoute[] {
  return unique([...some, ...more], (route) => [
    routeFamily(route),
    route.table,
    route.destination,
    route.metric,
  ]);
}

function unique<T>(list: readonly T[], key: (item: T) => unknown): T[] {
  return [...new Map(list.toReversed().map((item) => [JSON.stringify(key(item)), item])).values()].reverse();
}

function constants<T extends object>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fc.constant(value)])) as {
    [K in keyof T]: fc.Arbitrary<T[K]>;
  };
}
