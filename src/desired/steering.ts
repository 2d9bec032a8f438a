/** Rules: which table a packet is routed by. Order and preferences are those of DESIGN section 5. */
import {
  type Family,
  type Subnet,
  families,
  groupMerged,
  mergeSubnets,
  prefixLength,
} from '../address/cidr.ts';
import type { Rule } from '../state/objects.ts';
import { lastMetric, mainTable, preferences } from '../state/ownership.ts';
import { type Numbers, hostErrorBits } from './numbers.ts';
import {
  type Part,
  type Wanted,
  bridgesOf,
  byFamily,
  ingressOf,
  isBridged,
  isLocal,
  steeredSubnets,
} from './parts.ts';
import { routeRules } from './route-rules.ts';
import { type ByMark, linksBack, marksOf } from './steering-kind.ts';

const onwards = { kind: 'goto', preference: preferences.end } as const;

/** A rule of some family, and the reason that the plan gives for it. */
interface Ruling {
  readonly rule: Omit<Rule, 'kind' | 'family'>;
  readonly why: string;
}

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
    // A family that no network here has is closed on their bridges all the same.
    if (some.length === 0 && (bridges.length === 0 || !forwarded.includes(family))) return [];
    const rulings = byMark.has(family)
      ? rulesByMark(family, some, numbers)
      : rulesBySource(family, some, bridges, numbers);
    return rulings.map(({ rule, why }) => ({ object: ruleIn(family, rule), why }));
  });
}

function ruleIn(family: Family, rule: Ruling['rule']): Rule {
  return { kind: 'rule', family, ...rule };
}

/**
 * A packet is steered by its source and by the bridge that it comes in by; whatever else comes in by that bridge goes
 * nowhere, without an ICMP error. The reverse path filter asks with the bridge as input device, so the same rules match.
 */
function rulesBySource(
  family: Family,
  parts: readonly Part[],
  bridges: readonly string[],
  numbers: Numbers,
): Ruling[] {
  const unlessBypassed = withoutBypass(numbers);
  const exceptions = [...directRules(parts), ...parts.flatMap((part) => routeRules(part, unlessBypassed))];
  return [
    ...ofLinks(family, parts),
    ...mergeSubnets(parts.filter(talksToHost).flatMap((part) => part.subnets)).flatMap(inside),
    ...exceptions,
    ...steers(parts, unlessBypassed),
    ...bridges.map((device) =>
      ruling(
        { preference: preferences.closed, ...unlessBypassed, device, action: { kind: 'blackhole' } },
        `whatever else comes from ${device} goes nowhere`,
      ),
    ),
    ...closedSources(parts, unlessBypassed),
    ...(exceptions.some(({ rule }) => rule.action.kind === 'goto') ? [theEnd] : []),
  ];
}

/** Exceptions have this bit of the mark, so that no rule about redirected packets matches them. */
function withoutBypass({ directBit = 0 }: Numbers): Pick<Rule, 'fwmark'> {
  return directBit === 0 ? {} : { fwmark: { value: 0, mask: directBit } };
}

/** A container here would only learn from an ICMP error that its table is gone; from elsewhere, it is no container. */
function closedSources(parts: readonly Part[], unlessBypassed: Pick<Rule, 'fwmark'>): Ruling[] {
  const close = (some: readonly Part[], kind: 'blackhole' | 'prohibit', why: string): Ruling[] =>
    mergeSubnets(some.flatMap((part) => part.subnets)).map((from) =>
      ruling({ preference: preferences.closed, from, ...unlessBypassed, action: { kind } }, why),
    );
  const [bridged, others] = [parts.filter(isBridged), parts.filter((part) => !isBridged(part))];
  return [
    ...close(bridged, 'blackhole', 'closed by any other device than its bridge'),
    ...close(others, 'prohibit', 'closed, should no table have a way for it'),
  ];
}

const theEnd = ruling({ preference: preferences.end, action: { kind: 'nop' } }, 'where exceptions go on');

/**
 * As many as there are gateways, however many subnets they have. What goes to a redirected subnet has no gateway's mark, and
 * so goes by main; there, a route closes it when its bridge is not there.
 */
function rulesByMark(family: Family, parts: readonly Part[], numbers: Numbers): Ruling[] {
  const { mask, gateways } = marksOf(parts, numbers);
  const { steerBit = 0, directBit = 0 } = numbers;
  const steered = { value: steerBit, mask: steerBit };
  return [
    ...gateways.flatMap((gateway) => hostErrorRules(gateway, mask, numbers)),
    ...(parts.some(isLocal)
      ? [
          ruling(
            {
              preference: preferences.bypass,
              fwmark: { value: directBit, mask: directBit },
              action: onwards,
            },
            'answers of published ports, and direct destinations',
          ),
        ]
      : []),
    ...ofLinks(family, parts),
    // The reverse path filter asks for the links where a mark is valid for it. IPv6 has no such filter.
    ...[...(family === 4 ? linksBack(parts) : []), 'lo'].map((device) =>
      ruling(
        { preference: preferences.inside, fwmark: steered, device, action: onwards },
        device === 'lo' ? 'what begins or ends on this host' : 'answers go to the bridge, or to the node',
      ),
    ),
    ...parts.flatMap((part) => routeRules(part, {})),
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

/** ICMP errors of this host about answers to redirected flows: back by the gateway that the answer came from, or nowhere. */
function hostErrorRules(
  { gateway, mark, table }: ReturnType<typeof marksOf>['gateways'][number],
  mask: number,
  numbers: Numbers,
): Ruling[] {
  const bits = hostErrorBits(numbers);
  const about = { fwmark: { value: (mark | bits) >>> 0, mask: (mask | bits) >>> 0 }, device: 'lo' };
  return [
    ruling(
      { preference: preferences.hostErrors, ...about, action: { kind: 'lookup', table } },
      `ICMP errors of this host about answers from gateway ${gateway} go back there`,
    ),
    ruling(
      { preference: preferences.hostErrorsClosed, ...about, action: { kind: 'blackhole' } },
      'by no other way',
    ),
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

/** The mark is not seen by the reverse path filter: an answer from there comes in by the host's own way. */
function directRules(parts: readonly Part[]): Ruling[] {
  return parts
    .filter(isLocal)
    .flatMap((part) =>
      mergeSubnets(part.subnets).flatMap((from) =>
        part.direct.map((to) =>
          ruling(
            { preference: preferences.direct, from, to, ...ingressOf(part), action: onwards },
            `${to} is direct for ${part.name}`,
          ),
        ),
      ),
    );
}

/** Subnets that merge share a rule, and it has the reasons of all of them. */
function steers(parts: readonly Part[], unlessBypassed: Pick<Rule, 'fwmark'>): Ruling[] {
  const ways = new Map<
    string,
    { readonly table: number; readonly device?: string; readonly parts: Part[] }
  >();
  for (const part of parts) {
    if (!part.steer) continue;
    // What this host itself sends with the address of a bridge goes where its containers' packets go.
    for (const device of part.bridge === undefined ? [undefined] : [part.bridge, 'lo']) {
      const key = `${part.steer.table} ${device ?? ''}`;
      const way = ways.get(key) ?? { table: part.steer.table, ...(device ? { device } : {}), parts: [] };
      ways.set(key, way);
      way.parts.push(part);
    }
  }
  return [...ways.values()].flatMap(({ table, device, parts: some }) => {
    const sources = some.flatMap((part) =>
      steeredSubnets(part).map((subnet) => ({ subnet, why: part.steer?.why ?? '' })),
    );
    return groupMerged(sources).map(({ merged, items }) =>
      ruling(
        {
          preference: preferences.steer,
          from: merged,
          ...unlessBypassed,
          ...(device === undefined ? {} : { device }),
          action: { kind: 'lookup', table },
        },
        device === 'lo'
          ? 'what this host sends with an address of theirs'
          : [...new Set(items.map(({ why }) => why))].join('; '),
      ),
    );
  });
}

function ruling(rule: Ruling['rule'], why: string): Ruling {
  return { rule, why };
}
