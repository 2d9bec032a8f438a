/** Routes that both roles need. */
import type { Address, Family } from '../../address/cidr.ts';
import type { Route } from '../../kinds/route/schema.ts';
import { lastMetric } from '../../kinds/ownership.ts';

interface Reasoned {
  readonly route: Route;
  readonly why: string;
}

/** The kernel's default metric of a route: IPv6 has IP6_RT_PRIO_USER. */
const usualMetric: Readonly<Record<Family, number>> = { 4: 0, 6: 1024 };

/** The unreachable default route of a table. Without it, a table that is empty because the link is down falls through to main. */
export function closedDefault(family: Family, table: number, gateway: string): Reasoned {
  const why = `block traffic if gateway ${gateway} is unreachable`;
  return { route: defaultRoute(family, table, lastMetric, { kind: 'unreachable' }), why };
}

/** The default route of a table to its gateway. */
export function openDefault(
  family: Family,
  table: number,
  way: { readonly via?: Address; readonly device: string },
  why: string,
): Reasoned {
  return { route: defaultRoute(family, table, usualMetric[family], { kind: 'unicast', ...way }), why };
}

function defaultRoute(family: Family, table: number, metric: number, target: Route['target']): Route {
  return { kind: 'route', family, table, destination: 'default', metric, target };
}
