/** Rules: which table a packet is routed by. Order and preferences are those of DESIGN section 5. */
import { type Subnet, groupMerged, mergeSubnets, prefixLength } from '../address/cidr.ts';
import type { Rule } from '../state/objects.ts';
import { mainTable, preferences } from '../state/ownership.ts';
import type { Part, Wanted } from './parts.ts';

const onwards = { kind: 'goto', preference: preferences.end } as const;

/** @param directBit the mark bit of packets that keep the host's own routing */
export function steeringRules(parts: readonly Part[], directBit: number): Wanted[] {
  const subnets = mergeSubnets(parts.flatMap((part) => part.subnets));
  if (subnets.length === 0) return [];
  return [
    ...exceptions(parts, directBit),
    ...mergeSubnets(parts.filter((part) => part.steer).flatMap((part) => part.subnets)).flatMap(inside),
    ...steers(parts),
    ...subnets.map((from) =>
      wanted(
        { preference: preferences.closed, from, action: { kind: 'prohibit' } },
        'closed, should no table have a way for it',
      ),
    ),
    wanted({ preference: preferences.end, action: { kind: 'nop' } }, 'where exceptions go on'),
  ];
}

/**
 * What goes to a redirected subnet, the host's own answers to its containers among it, goes by main, by a
 * route to the subnet or to a part of it. When there is none, its bridge being down, no wider route may take it.
 */
function inside(to: Subnet): Wanted[] {
  const suppress = prefixLength(to) - 1;
  return [
    wanted(
      { preference: preferences.inside, to, action: { kind: 'lookup', table: mainTable, suppress } },
      `what goes to ${to} goes to its bridge, or to its node`,
    ),
    wanted(
      { preference: preferences.insideClosed, to, action: { kind: 'unreachable' } },
      'closed when its bridge, or the way to it, is not there',
    ),
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

/** Subnets that merge share a rule, and it has the reasons of all of them. */
function steers(parts: readonly Part[]): Wanted[] {
  const tables = [...new Set(parts.flatMap((part) => part.steer?.table ?? []))];
  return tables.flatMap((table) => {
    const sources = parts.flatMap(({ steer, subnets }) =>
      steer?.table === table ? subnets.map((subnet) => ({ subnet, why: steer.why })) : [],
    );
    return groupMerged(sources).map(({ merged, items }) =>
      wanted(
        { preference: preferences.steer, from: merged, action: { kind: 'lookup', table } },
        [...new Set(items.map(({ why }) => why))].join('; '),
      ),
    );
  });
}

function wanted(rule: Omit<Rule, 'kind' | 'family'>, why: string): Wanted {
  return { object: { kind: 'rule', family: 4, ...rule }, why };
}
