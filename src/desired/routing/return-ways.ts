/** Neighbours by which a gateway reaches the subnets that it serves, and default routers, by which it must not. */
import { type Family, familyOf } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { ServedSubnet } from '../../topology/role.ts';
import { hopsTowards } from './neighbours.ts';
import type { Redirect } from '../redirect.ts';

export function returnWaysOf(served: readonly ServedSubnet[], facts: Facts): Redirect['returnWays'] {
  return served.flatMap(({ subnet, nodeAddress }) =>
    hopsTowards([nodeAddress], [], facts).map((hop) => ({ subnet, ...hop })),
  );
}

export function defaultRoutersOf(
  served: readonly ServedSubnet[],
  family: Family,
  { defaultHops }: Facts,
): Redirect['defaultRouters'] {
  const nodes = new Set(served.map(({ nodeAddress }) => nodeAddress));
  return defaultHops.filter(({ via }) => familyOf(via) === family && !nodes.has(via));
}
