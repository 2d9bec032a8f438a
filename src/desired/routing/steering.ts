/** Rules: which table a packet is routed by. Their preferences stand in `kinds/ownership.ts`. */
import { type Family, families, mergeSubnets } from '../../address/cidr.ts';
import { lastMetric, mainTable } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Redirect, type DesiredObject, bridgesOf, byFamily } from '../redirect.ts';
import { rulesByMark } from './rules-by-mark.ts';
import { rulesBySource } from './rules-by-source.ts';
import type { ByMark } from './steering-kind.ts';

/** @param forwarded the families that this kernel forwards at all */
export function steeringRules(
  redirects: readonly Redirect[],
  numbers: Numbers,
  byMark: ByMark,
  forwarded: readonly Family[],
): DesiredObject[] {
  const bridges = bridgesOf(redirects);
  return families.flatMap((family) => {
    const some = redirects.filter((redirect) => redirect.family === family);
    // A family that no network here has is closed on their bridges all the same; of many bridges, by the nft table alone.
    const closed = byMark.size === 0 ? bridges : bridgesOf(some);
    if (some.length === 0 && (closed.length === 0 || !forwarded.includes(family))) return [];
    const rulings = byMark.has(family)
      ? rulesByMark(family, some, numbers)
      : rulesBySource(family, some, closed, numbers);
    return rulings.map(({ rule, why }) => ({ object: { kind: 'rule', family, ...rule }, why }));
  });
}

/** Where no rule says so: when there is no bridge, or no way to the node, no wider route of main may take it. */
export function closedSubnets(redirects: readonly Redirect[]): DesiredObject[] {
  return byFamily(redirects).flatMap(({ family, redirects: some }) =>
    mergeSubnets(some.filter((redirect) => !redirect.routeless).flatMap((redirect) => redirect.subnets)).map(
      (destination) => ({
        object: {
          kind: 'route',
          family,
          table: mainTable,
          destination,
          metric: lastMetric,
          target: { kind: 'unreachable' },
        } as const,
        why: 'block packets to it if its bridge, or the route to its node, is missing',
      }),
    ),
  );
}
