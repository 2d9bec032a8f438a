/** Routes that both roles need. */
import type { Subnet } from '../address/cidr.ts';
import type { Route } from '../state/objects.ts';

export const mainTable = 254;
/** the last resort: any other route of the same destination comes first */
export const lastMetric = 0xffffffff;

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

/** A bridge that is down, or a way back that is gone, must not send a subnet's packets to the default route. */
export function closedSubnet(subnet: Subnet): Reasoned {
  return {
    route: unreachable(mainTable, subnet),
    why: 'closed when its bridge, or the way to it, is not there',
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
