/** What becomes of a packet that a container sends: rules, tables, guard and NAT, as the kernel walks them. */
import * as cidr from '../../src/address/cidr.ts';
import { allRoutes } from './ip-routes.ts';
import { type RuleKey, ruleMatches } from './ip-rules.ts';
import { remember } from './remember.ts';
import { type Packet, runHook } from './nft-evaluate.ts';
import type { FakeRoute, FakeState } from './state.ts';

const contains = remember(cidr.contains);
const prefixLength = remember(cidr.prefixLength);

export interface Sent {
  readonly source: string;
  readonly destination: string;
  /** an answer of a published port; default: a container's own packet */
  readonly answer?: boolean;
  /** default: none */
  readonly mark?: number;
}

export type Fate =
  | { readonly kind: 'stopped'; readonly by: 'rule' | 'route' | 'guard' }
  | { readonly kind: 'to-host' }
  | {
      readonly kind: 'leaves';
      readonly table: number;
      readonly device: string;
      readonly nextHop: string;
      /** as the next hop sees it */
      readonly source: string;
    };

export function fateOf(state: FakeState, { source, destination, answer = false, mark = 0 }: Sent): Fate {
  const packet: Packet = { source, destination, answer, mark };
  const entered = runHook(state.nft, 'prerouting', packet);
  if (entered.kind !== 'accept') return { kind: 'stopped', by: 'guard' };
  const route = findRoute(state, { source, destination, mark: entered.mark });
  if (typeof route === 'string') return { kind: 'stopped', by: route };
  if (route.type === 'local') return { kind: 'to-host' };
  const way = { device: route.device ?? '', nextHop: route.via ?? destination };
  const routed: Packet = { ...packet, ...way, mark: entered.mark };
  const passed = runHook(state.nft, 'forward', routed);
  if (passed.kind !== 'accept') return { kind: 'stopped', by: 'guard' };
  const left = runHook(state.nft, 'postrouting', { ...routed, mark: passed.mark });
  return { kind: 'leaves', table: route.table, ...way, source: left.kind === 'snat' ? left.source : source };
}

/** The route, or what stops the packet before there is one. */
function findRoute(state: FakeState, key: RuleKey): FakeRoute | 'rule' | 'route' {
  let from = -1;
  for (const rule of state.rules) {
    if (rule.preference < from || !ruleMatches(rule, key)) continue;
    const { action } = rule;
    if (action.kind === 'prohibit' || action.kind === 'unreachable') return 'rule';
    // One that leads nowhere is passed over.
    if (action.kind === 'goto' && state.rules.some((r) => r.preference === action.preference))
      from = action.preference;
    if (action.kind !== 'lookup') continue;
    const route = lookUp(state, action.table, key.destination);
    if (route?.type === 'unreachable') return 'route';
    if (route && lengthOf(route) > (action.suppress ?? -1)) return route;
  }
  return 'route';
}

const known = new WeakMap<readonly FakeRoute[], FakeRoute[]>();

/** A list of routes is replaced when it changes; links do not change while a packet is on its way. */
function routesOf(state: FakeState): FakeRoute[] {
  const routes = known.get(state.routes) ?? allRoutes(state);
  known.set(state.routes, routes);
  return routes;
}

/** Longest prefix first, then lowest metric; nothing lets the next rule try. */
function lookUp(state: FakeState, table: number, destination: string): FakeRoute | undefined {
  const up = new Set(state.links.filter((link) => link.up).map(({ name }) => name));
  return routesOf(state)
    .filter((route) => route.table === table)
    .filter((route) => route.destination === 'default' || contains(route.destination, destination))
    .filter((route) => route.type !== 'unicast' || up.has(route.device ?? ''))
    .toSorted((a, b) => lengthOf(b) - lengthOf(a) || a.metric - b.metric)[0];
}

function lengthOf({ destination }: FakeRoute): number {
  return destination === 'default' ? 0 : prefixLength(destination);
}
