/** Routes of redirects, and default routes in the tables of gateways. */
import type { Address, Family } from '../../address/cidr.ts';
import type { Route } from '../../kinds/route/schema.ts';
import { lastMetric } from '../../kinds/ownership.ts';
import { type DesiredObject, type Redirect, kernelRoutesOf } from '../redirect.ts';

interface ReasonedRoute {
  readonly route: Route;
  readonly why: string;
}

/** The kernel's default metrics; 1024 is IP6_RT_PRIO_USER. */
const usualMetric: Readonly<Record<Family, number>> = { 4: 0, 6: 1024 };

/** Unreachable default route. Without it, lookups fall through to main if a link that is down has emptied the table. */
export function closedDefault(family: Family, table: number, gateway: string): ReasonedRoute {
  const why = `block traffic if gateway ${gateway} is unreachable`;
  return { route: defaultRoute(family, table, lastMetric, { kind: 'unreachable' }), why };
}

export function openDefault(
  family: Family,
  table: number,
  path: { readonly via?: Address; readonly device: string },
  why: string,
): ReasonedRoute {
  return { route: defaultRoute(family, table, usualMetric[family], { kind: 'unicast', ...path }), why };
}

function defaultRoute(family: Family, table: number, metric: number, target: Route['target']): Route {
  return { kind: 'route', family, table, destination: 'default', metric, target };
}

/** Routes of all redirects: several of them may need the same one. */
export function routesOf(redirects: readonly Redirect[]): DesiredObject[] {
  const unique = new Map(
    kernelRoutesOf(redirects).map(({ route, why }) => [textOf(route), { object: route, why }]),
  );
  return [...unique.values()];
}

/** Equal for equal routes, in a fraction of the time that `JSON.stringify` takes. */
function textOf({ family, table, destination, metric, target }: Route): string {
  const { kind, via, device } = { via: undefined, device: undefined, ...target };
  return `${family} ${table} ${destination} ${metric} ${kind} ${via} ${device}`;
}
