/** Path of a packet through rules, tables, guard and NAT, in the order of the kernel. */
import { type Family, familyOf } from '../../src/address/cidr.ts';
import { allRoutes } from './ip-routes.ts';
import { type RuleKey, ruleFamily, ruleMatches } from './ip-rules.ts';
import { policyBlocks } from './ip-xfrm.ts';
import { inSubnet, lengthOf } from './address.ts';
import type { Packet } from './nft-compile.ts';
import { runHook } from './nft-evaluate.ts';
import { rememberOf } from './remember.ts';
import type { FakeLink, FakeRoute, FakeRule, FakeState } from './state.ts';

export interface Sent {
  readonly source: string;
  readonly destination: string;
  /** whether it is a reply of a published port; default: a container's own packet */
  readonly answer?: boolean;
  /** fwmark; default: none */
  readonly mark?: number;
  readonly protocol?: Packet['protocol'];
  /** destination port */
  readonly port?: number | undefined;
  /** bridge by which it comes in */
  readonly ingress?: string;
}

export type Fate =
  | { readonly kind: 'stopped'; readonly by: 'rule' | 'route' | 'policy' | 'guard' }
  | { readonly kind: 'to-host' }
  | {
      readonly kind: 'leaves';
      readonly table: number;
      readonly device: string;
      readonly nextHop: string;
      /** source that the next hop sees */
      readonly source: string;
    };

/** NAT decision of a flow: the source address that our rules set, or the engine's choice. */
export type Decision = string | 'the engine’s';

export function fateOf(state: FakeState, sent: Sent): Fate {
  return walk(state, sent).fate;
}

/** NAT decision for the flow that a packet begins; undefined when the packet does not leave. */
export function decisionOf(
  state: FakeState,
  sent: Sent,
): { readonly decision: Decision; readonly table: number } | undefined {
  const { fate, decision } = walk(state, sent);
  return fate.kind === 'leaves' && decision !== undefined ? { decision, table: fate.table } : undefined;
}

function walk(
  state: FakeState,
  { source, destination, answer = false, mark = 0, ...more }: Sent,
): { readonly fate: Fate; readonly decision?: Decision } {
  const packet: Packet = { source, destination, answer, mark, ...more };
  const entered = runHook(state.nft, 'prerouting', packet);
  if (entered.kind !== 'accept') return stoppedBy('guard');
  const route = findRoute(state, { source, destination, mark: entered.mark, ...more });
  if (typeof route === 'string') return stoppedBy(route);
  if (route.type === 'local') return { fate: { kind: 'to-host' } };
  if (policyBlocks(state, source, entered.mark)) return stoppedBy('policy');
  const way = { device: route.device ?? '', nextHop: route.via ?? destination };
  const routed: Packet = { ...packet, ...way, mark: entered.mark };
  const passed = runHook(state.nft, 'forward', routed);
  if (passed.kind !== 'accept') return stoppedBy('guard');
  const left = runHook(state.nft, 'postrouting', { ...routed, mark: passed.mark });
  if (left.kind === 'drop') return stoppedBy('guard');
  const seen = left.kind === 'snat' ? left.source : source;
  return {
    fate: { kind: 'leaves', table: route.table, ...way, source: seen },
    decision: left.kind === 'snat' ? left.source : 'the engine’s',
  };
}

function stoppedBy(by: Extract<Fate, { kind: 'stopped' }>['by']): { readonly fate: Fate } {
  return { fate: { kind: 'stopped', by } };
}

/** Route of the packet, or what blocks it before the route is found. */
function findRoute(state: FakeState, key: RuleKey): FakeRoute | 'rule' | 'route' {
  const family = familyOf(key.source);
  const tables = tablesOf(state)[family];
  const rules = rulesByFamily(state.rules)[family];
  let from = -1;
  for (const rule of rules) {
    if (rule.preference < from || !ruleMatches(rule, key)) continue;
    const { action } = rule;
    if (closes.has(action.kind)) return 'rule';
    if (action.kind === 'goto' && leadsSomewhere(rules, action.preference)) from = action.preference;
    if (action.kind !== 'lookup') continue;
    const route = tables
      .get(action.table)
      ?.find(({ destination }) => destination === 'default' || inSubnet(destination, key.destination));
    if (route?.type === 'unreachable') return 'route';
    if (route && lengthOf(route.destination) > (action.suppress ?? -1)) return route;
  }
  return 'route';
}

const closes: ReadonlySet<string> = new Set(['blackhole', 'prohibit', 'unreachable']);

const rulesByFamily = rememberOf((rules: readonly FakeRule[]) => ({
  4: rules.filter((rule) => ruleFamily(rule) === 4),
  6: rules.filter((rule) => ruleFamily(rule) === 6),
}));

/** A `goto` to a preference without rules is skipped. */
function leadsSomewhere(rules: readonly FakeRule[], preference: number): boolean {
  return rules.some((rule) => rule.preference === preference);
}

/** table number -> routes */
type Tables = Readonly<Record<Family, ReadonlyMap<number, readonly FakeRoute[]>>>;

const known = new WeakMap<readonly FakeRoute[], { links: readonly FakeLink[]; tables: Tables }>();

/** Cached by the lists of routes and links, which are replaced when they change. */
function tablesOf(state: FakeState): Tables {
  const before = known.get(state.routes);
  if (before?.links === state.links) return before.tables;
  const tables = sortedTables(state);
  known.set(state.routes, { links: state.links, tables });
  return tables;
}

function sortedTables(state: FakeState): Tables {
  const up = new Set(state.links.filter((link) => link.up).map(({ name }) => name));
  return { 4: tablesOfFamily(state, 4, up), 6: tablesOfFamily(state, 6, up) };
}

/** Usable routes of each table: longest prefix first, then lowest metric. */
function tablesOfFamily(
  state: FakeState,
  family: Family,
  up: ReadonlySet<string>,
): ReadonlyMap<number, readonly FakeRoute[]> {
  const tables = new Map<number, FakeRoute[]>();
  for (const route of allRoutes(state, family)) {
    if (route.type === 'unicast' && !up.has(route.device ?? '')) continue;
    const others = tables.get(route.table);
    if (others) others.push(route);
    else tables.set(route.table, [route]);
  }
  for (const routes of tables.values()) {
    routes.sort((a, b) => lengthOf(b.destination) - lengthOf(a.destination) || a.metric - b.metric);
  }
  return tables;
}
