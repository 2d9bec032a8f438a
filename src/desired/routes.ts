/** Routes that both roles need. */
import type { Route } from '../state/objects.ts';
import { lastMetric } from '../state/ownership.ts';

interface Reasoned {
  readonly route: Route;
  readonly why: string;
}

/** An empty table falls through to main: the gateway's link goes down, and packets leave by another way. */
export function closedDefault(table: number, gateway: string): Reasoned {
  return {
    route: unreachable(table, 'default'),
    why: `closed when gateway ${gateway} cannot be reached`,
  };
}

function unreachable(table: number, destination: Route['destination']): Route {
  return {
    kind: 'route',
    family: 4,
    table,
    destination,
    metric: lastMetric,
    target: { kind: 'unreachable' },
  };
}
