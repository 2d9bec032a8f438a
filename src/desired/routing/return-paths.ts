/** Next hops from a gateway to the subnets that it serves, and default routers, which must not get those packets. */
import { type Family, familyOf } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { ServedSubnet } from '../../topology/role.ts';
import { hopsTowards } from './neighbours.ts';
import type { MemberRedirect } from '../redirect.ts';

export function returnPathsOf(served: readonly ServedSubnet[], facts: Facts): MemberRedirect['returnPaths'] {
  return served.flatMap(({ subnet, nodeAddress }) =>
    hopsTowards([nodeAddress], [], facts).map((hop) => ({ subnet, ...hop })),
  );
}

export function defaultRoutersOf(
  served: readonly ServedSubnet[],
  family: Family,
  { defaultHops }: Facts,
): MemberRedirect['defaultRouters'] {
  const nodes = new Set(served.map(({ nodeAddress }) => nodeAddress));
  return defaultHops.filter(({ via }) => familyOf(via) === family && !nodes.has(via));
}
