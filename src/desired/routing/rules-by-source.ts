/** Rules by source and input device: few enough of them cost a packet no more than a map. */
import { type Family, type Subnet, groupMerged, mergeSubnets, prefixLength } from '../../address/cidr.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { mainTable, preferences } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Part, ingressOf, isBridged, isLocal, steeredSubnets } from '../parts.ts';
import { routeRules } from './route-rules.ts';
import { type Ruling, ofLinks, onwards, ruling, theEnd } from './ruling.ts';

/**
 * A packet is steered by its source and by the bridge that it comes in by; whatever else comes in by that bridge goes
 * nowhere, without an ICMP error. The reverse path filter asks with the bridge as input device, so the same rules match.
 */
export function rulesBySource(
  family: Family,
  parts: readonly Part[],
  bridges: readonly string[],
  numbers: Numbers,
): Ruling[] {
  const unlessBypassed = withoutBypass(numbers);
  const exceptions = [
    ...besideRules(parts),
    ...directRules(parts),
    ...parts.flatMap((part) => routeRules(part, unlessBypassed)),
  ];
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

/** Other subnets on a network's bridge are none of our business. */
function besideRules(parts: readonly Part[]): Ruling[] {
  return parts
    .filter(isBridged)
    .flatMap((part) =>
      part.beside.map((from) =>
        ruling(
          { preference: preferences.direct, from, ...ingressOf(part), action: onwards },
          `${from} is another subnet on the bridge of ${part.name}`,
        ),
      ),
    );
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

/** Also of a family that is blocked: this host itself may talk to its containers. And of one whose node is not in reach: its answers go nowhere. */
function talksToHost({ steer, local, notReady }: Part): boolean {
  return steer !== undefined || local || notReady !== undefined;
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
