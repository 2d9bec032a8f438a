/** Rules: which table a packet is routed by. Their preferences stand in `kinds/ownership.ts`. */
import { type Family, families, mergeSubnets } from '../../address/cidr.ts';
import { lastMetric, mainTable } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Part, type Wanted, bridgesOf, byFamily } from '../parts.ts';
import { rulesByMark } from './rules-by-mark.ts';
import { rulesBySource } from './rules-by-source.ts';
import type { ByMark } from './steering-kind.ts';

/** @param forwarded the families that this kernel forwards at all */
export function steeringRules(
  parts: readonly Part[],
  numbers: Numbers,
  byMark: ByMark,
  forwarded: readonly Family[],
): Wanted[] {
  const bridges = bridgesOf(parts);
  return families.flatMap((family) => {
    const some = parts.filter((part) => part.family === family);
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
export function closedSubnets(parts: readonly Part[]): Wanted[] {
  return byFamily(parts).flatMap(({ family, parts: some }) =>
    mergeSubnets(some.filter((part) => !part.routeless).flatMap((part) => part.subnets)).map(
      (destination) => ({
        object: {
          kind: 'route',
          family,
          table: mainTable,
          destination,
          metric: lastMetric,
          target: { kind: 'unreachable' },
        } as const,
        why: 'closed when its bridge, or the way to it, is not there',
      }),
    ),
  );
}
