/** Rules: which table a packet is routed by. Order and preferences are those of DESIGN section 5. */
import { mergeSubnets } from '../address/cidr.ts';
import type { Rule } from '../state/objects.ts';
import type { Wanted } from './desired.ts';
import type { Part } from './parts.ts';

export const preferences = {
  directMark: 4000,
  inside: 4050,
  direct: 4060,
  steer: 4100,
  closed: 4200,
  end: 4999,
};

const onwards = { kind: 'goto', preference: preferences.end } as const;

/** @param directBit the mark bit of packets that keep the host's own routing */
export function steeringRules(parts: readonly Part[], directBit: number): Wanted[] {
  const subnets = mergeSubnets(parts.flatMap((part) => part.subnets));
  if (subnets.length === 0) return [];
  return [
    ...exceptions(parts, directBit),
    ...subnets.map((to) =>
      wanted({ preference: preferences.inside, to, action: onwards }, `the host’s own answers to ${to}`),
    ),
    ...steers(parts),
    ...subnets.map((from) =>
      wanted(
        { preference: preferences.closed, from, action: { kind: 'prohibit' } },
        'closed, should its table ever be empty',
      ),
    ),
    wanted({ preference: preferences.end, action: { kind: 'nop' } }, 'where exceptions go on'),
  ];
}

function exceptions(parts: readonly Part[], directBit: number): Wanted[] {
  if (!parts.some((part) => part.local)) return [];
  return [
    wanted(
      {
        preference: preferences.directMark,
        fwmark: { value: directBit, mask: directBit },
        action: onwards,
      },
      'answers of published ports, and direct destinations',
    ),
    // The mark is not seen by the reverse path filter: an answer from there comes in by the host's own way.
    ...parts.flatMap((part) =>
      mergeSubnets(part.subnets).flatMap((from) =>
        part.direct.map((to) =>
          wanted(
            { preference: preferences.direct, from, to, action: onwards },
            `${to} is direct for ${part.name}`,
          ),
        ),
      ),
    ),
  ];
}

function steers(parts: readonly Part[]): Wanted[] {
  const tables = [...new Set(parts.map((part) => part.table))];
  return tables.flatMap((table) => {
    const group = parts.filter((part) => part.table === table);
    const why = [...new Set(group.map((part) => part.steerWhy))].join('; ');
    return mergeSubnets(group.flatMap((part) => part.subnets)).map((from) =>
      wanted({ preference: preferences.steer, from, action: { kind: 'lookup', table } }, why),
    );
  });
}

function wanted(rule: Omit<Rule, 'kind' | 'family'>, why: string): Wanted {
  return { object: { kind: 'rule', family: 4, ...rule }, why };
}
