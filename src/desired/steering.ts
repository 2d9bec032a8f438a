/** Rules: which table a packet is routed by. Order and preferences are those of DESIGN section 5. */
import { type Family, type Subnet, groupMerged, mergeSubnets, prefixLength } from '../address/cidr.ts';
import type { Rule } from '../state/objects.ts';
import { lastMetric, mainTable, preferences } from '../state/ownership.ts';
import type { Numbers } from './numbers.ts';
import { type Part, type Wanted, byFamily, isLocal, steeredSubnets } from './parts.ts';
import { routeRules } from './route-rules.ts';
import { type ByMark, linksBack, marksOf } from './steering-kind.ts';

const onwards = { kind: 'goto', preference: preferences.end } as const;

/** A rule of some family, and the reason that the plan gives for it. */
interface Ruling {
  readonly rule: Omit<Rule, 'kind' | 'family'>;
  readonly why: string;
}

export function steeringRules(parts: readonly Part[], numbers: Numbers, byMark: ByMark): Wanted[] {
  return byFamily(parts).flatMap(({ family, parts: some }) => {
    const rulings = byMark.has(family) ? rulesByMark(family, some, numbers) : rulesOf(family, some, numbers);
    return rulings.map(({ rule, why }) => ({ object: ruleIn(family, rule), why }));
  });
}

function ruleIn(family: Family, rule: Ruling['rule']): Rule {
  return { kind: 'rule', family, ...rule };
}

function rulesOf(family: Family, parts: readonly Part[], numbers: Numbers): Ruling[] {
  return [
    ...directMarks(parts, numbers),
    ...directRules(parts),
    ...ofLinks(family, parts),
    ...parts.flatMap(routeRules),
    ...mergeSubnets(parts.filter(talksToHost).flatMap((part) => part.subnets)).flatMap(inside),
    ...steers(parts),
    ...mergeSubnets(parts.flatMap((part) => part.subnets)).map((from) =>
      ruling(
        { preference: preferences.closed, from, action: { kind: 'prohibit' } },
        'closed, should no table have a way for it',
      ),
    ),
    theEnd,
  ];
}

const theEnd = ruling({ preference: preferences.end, action: { kind: 'nop' } }, 'where exceptions go on');

/**
 * As many as there are gateways, however many subnets they have. What goes to a redirected subnet has no gateway's mark, and
 * so goes by main; there, a route closes it when its bridge is not there.
 */
function rulesByMark(family: Family, parts: readonly Part[], numbers: Numbers): Ruling[] {
  const { mask, gateways } = marksOf(parts, numbers);
  const { steerBit = 0 } = numbers;
  const steered = { value: steerBit, mask: steerBit };
  return [
    ...directMarks(parts, numbers),
    ...ofLinks(family, parts),
    // The reverse path filter asks for the links where a mark is valid for it. IPv6 has no such filter.
    ...[...(family === 4 ? linksBack(parts) : []), 'lo'].map((device) =>
      ruling(
        { preference: preferences.inside, fwmark: steered, device, action: onwards },
        device === 'lo' ? 'what begins or ends on this host' : 'answers go to the bridge, or to the node',
      ),
    ),
    ...parts.flatMap(routeRules),
    ...gateways.flatMap(({ gateway, mark, table }) => {
      // With the bit that says that it is ours: a mark of somebody else may have the others.
      const fwmark = { value: (mark | steerBit) >>> 0, mask: (mask | steerBit) >>> 0 };
      return [
        ruling(
          { preference: preferences.steer, fwmark, action: { kind: 'lookup', table } },
          `every packet of the networks of gateway ${gateway}`,
        ),
        ruling(
          { preference: preferences.closed, fwmark, action: { kind: 'prohibit' } },
          'closed, should no table have a way for it',
        ),
      ];
    }),
    theEnd,
  ];
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

function ofLinks(family: Family, parts: readonly Part[]): Ruling[] {
  return family === 6 && parts.some(isLocal) ? [ofLink] : [];
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

function directMarks(parts: readonly Part[], { directBit = 0 }: Numbers): Ruling[] {
  if (!parts.some(isLocal)) return [];
  return [
    ruling(
      { preference: preferences.directMark, fwmark: { value: directBit, mask: directBit }, action: onwards },
      'answers of published ports, and direct destinations',
    ),
  ];
}

/** The mark is not seen by the reverse path filter: an answer from there comes in by the host's own way. */
function directRules(parts: readonly Part[]): Ruling[] {
  return parts
    .filter(isLocal)
    .flatMap((part) =>
      mergeSubnets(part.subnets).flatMap((from) =>
        part.direct.map((to) =>
          ruling(
            { preference: preferences.direct, from, to, action: onwards },
            `${to} is direct for ${part.name}`,
          ),
        ),
      ),
    );
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
