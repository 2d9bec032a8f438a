/** Rules: which table a packet is routed by. Order and preferences are those of DESIGN section 5. */
import { type Family, type Subnet, groupMerged, mergeSubnets, prefixLength } from '../address/cidr.ts';
import type { Rule } from '../state/objects.ts';
import { mainTable, preferences } from '../state/ownership.ts';
import { type Part, type Wanted, byFamily, steeredSubnets } from './parts.ts';
import { routeRules } from './route-rules.ts';

const onwards = { kind: 'goto', preference: preferences.end } as const;

/** A rule of some family, and the reason that the plan gives for it. */
interface Ruling {
  readonly rule: Omit<Rule, 'kind' | 'family'>;
  readonly why: string;
}

/** @param directBit the mark bit of packets that keep the host's own routing */
export function steeringRules(parts: readonly Part[], directBit: number): Wanted[] {
  return byFamily(parts).flatMap((group) =>
    rulesOf(group.family, group.parts, directBit).map(({ rule, why }) => ({
      object: ruleIn(group.family, rule),
      why,
    })),
  );
}

function ruleIn(family: Family, rule: Ruling['rule']): Rule {
  return { kind: 'rule', family, ...rule };
}

function rulesOf(family: Family, parts: readonly Part[], directBit: number): Ruling[] {
  return [
    ...exceptions(parts, directBit),
    ...(family === 6 && parts.some((part) => part.local) ? [ofLink] : []),
    ...parts.flatMap(routeRules),
    ...mergeSubnets(parts.filter(talksToHost).flatMap((part) => part.subnets)).flatMap(inside),
    ...steers(parts),
    ...mergeSubnets(parts.flatMap((part) => part.subnets)).map((from) =>
      ruling(
        { preference: preferences.closed, from, action: { kind: 'prohibit' } },
        'closed, should no table have a way for it',
      ),
    ),
    ruling({ preference: preferences.end, action: { kind: 'nop' } }, 'where exceptions go on'),
  ];
}

/** A container may ask this host with its link-local address. Nothing that is forwarded goes to one. */
const ofLink = ruling(
  {
    preference: preferences.inside,
    to: 'fe80::/10',
    action: { kind: 'lookup', table: mainTable },
  },
  'what this host sends to an address of a link goes by that link',
);

/** Also of a family that is blocked: this host itself may talk to its containers. */
function talksToHost({ steer, local }: Part): boolean {
  return steer !== undefined || local;
}

/**
 * What goes to a redirected subnet, the host's own answers to its containers among it, goes by main, by a
 * route to the subnet or to a part of it. When there is none, its bridge being down, no wider route may take it.
 */
function inside(to: Subnet): Ruling[] {
  const suppress = prefixLength(to) - 1;
  return [
    ruling(
      { preference: preferences.inside, to, action: { kind: 'lookup', table: mainTable, suppress } },
      `what goes to ${to} goes to its bridge, or to its node`,
    ),
    ruling(
      { preference: preferences.insideClosed, to, action: { kind: 'unreachable' } },
      'closed when its bridge, or the way to it, is not there',
    ),
  ];
}

function exceptions(parts: readonly Part[], directBit: number): Ruling[] {
  if (!parts.some((part) => part.local)) return [];
  return [
    ruling(
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
          ruling(
            { preference: preferences.direct, from, to, action: onwards },
            `${to} is direct for ${part.name}`,
          ),
        ),
      ),
    ),
  ];
}

/** Subnets that merge share a rule, and it has the reasons of all of them. */
function steers(parts: readonly Part[]): Ruling[] {
  const tables = [...new Set(parts.flatMap((part) => part.steer?.table ?? []))];
  return tables.flatMap((table) => {
    const sources = parts.flatMap((part) =>
      part.steer?.table === table
        ? steeredSubnets(part).map((subnet) => ({ subnet, why: part.steer?.why ?? '' }))
        : [],
    );
    return groupMerged(sources).map(({ merged, items }) =>
      ruling(
        { preference: preferences.steer, from: merged, action: { kind: 'lookup', table } },
        [...new Set(items.map(({ why }) => why))].join('; '),
      ),
    );
  });
}

function ruling(rule: Ruling['rule'], why: string): Ruling {
  return { rule, why };
}
