/** Routes that both roles need. */
import type { Route } from '../state/objects.ts';
import { lastMetric } from '../state/ownership.ts';

interface Reasoned {
  readonly route: Route;
  readonly why: string;
}

/** An empty table falls through to main: the gateway's link goes down, and packets leave by another way. */
export function closedDefault(table: number, gateway: string): Reasoned {
  const why = `closed when gateway ${gateway} cannot be reached`;
  return { route: defaultRoute(table, lastMetric, { kind: 'unreachable' }), why };
}

/** The way out of a table. */
export function openDefault(
  table: number,
  way: { readonly via?: string; readonly device: string },
  why: string,
): Reasoned {
  return { route: defaultRoute(table, 0, { kind: 'unicast', ...way }), why };
}

function defaultRoute(table: number, metric: number, target: Route['target']): Route {
  return { kind: 'route', family: 4, table, destination: 'default', metric, target };
}
