/** `ip rule`s that select a packet's routing table. `kinds/ownership.ts` has their preferences. */
import { type Family, families, mergeSubnets } from '../../address/cidr.ts';
import { lastMetric, mainTable } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type DesiredObject, bridgesOf } from '../redirect.ts';
import { rulesByMark } from './rules-by-mark.ts';
import { rulesBySource } from './rules-by-source.ts';
import type { SteeredFamily } from './steering-kind.ts';

/** @param forwarded address families that this kernel can forward */
export function steeringRules(
  groups: readonly SteeredFamily[],
  numbers: Numbers,
  forwarded: readonly Family[],
): DesiredObject[] {
  const bridges = bridgesOf(groups.flatMap(({ redirects }) => redirects));
  const hasMarks = groups.some(({ steering }) => steering.kind === 'mark');
  return families.flatMap((family) => {
    const group = groups.find((one) => one.family === family);
    // Rules close a family without a network on all bridges. If marks steer many bridges, the nft table closes it.
    const closed = hasMarks ? bridgesOf(group?.redirects ?? []) : bridges;
    if (!group && (closed.length === 0 || !forwarded.includes(family))) return [];
    const rules =
      group?.steering.kind === 'mark'
        ? rulesByMark(group, numbers)
        : rulesBySource(family, group?.redirects ?? [], closed, numbers);
    return rules.map(({ rule, why }) => ({ object: { kind: 'rule', family, ...rule }, why }));
  });
}

/** Steering by mark has no rules for these subnets: a wider route of main must not replace a missing bridge or node. */
export function closedSubnets(groups: readonly SteeredFamily[]): DesiredObject[] {
  return groups.flatMap(({ family, redirects, steering }) => {
    if (steering.kind === 'source') return [];
    const closed = redirects.flatMap((redirect) =>
      redirect.kind === 'node' && redirect.external ? [] : redirect.subnets,
    );
    return mergeSubnets(closed).map((destination) => ({
      object: {
        kind: 'route',
        family,
        table: mainTable,
        destination,
        metric: lastMetric,
        target: { kind: 'unreachable' },
      } as const,
      why: 'block packets to it if its bridge, or the route to its node, is missing',
    }));
  });
}
