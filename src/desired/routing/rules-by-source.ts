/** Rules by source and input device: few enough of them cost a packet no more than a map. */
import { type Family, type Subnet, groupMerged, mergeSubnets, prefixLength } from '../../address/cidr.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { mainTable, preferences } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Redirect, ingressOf, isBridged, isLocal, steeredSubnets } from '../redirect.ts';
import { routeRules } from './route-rules.ts';
import { type Ruling, ofLinks, onwards, ruling, theEnd } from './ruling.ts';

/**
 * A packet is steered by its source and by the bridge that it comes in by; whatever else comes in by that bridge goes
 * nowhere, without an ICMP error. The reverse path filter asks with the bridge as input device, so the same rules match.
 */
export function rulesBySource(
  family: Family,
  redirects: readonly Redirect[],
  bridges: readonly string[],
  numbers: Numbers,
): Ruling[] {
  const unlessBypassed = withoutBypass(numbers);
  const exceptions = [
    ...besideRules(redirects),
    ...directRules(redirects),
    ...redirects.flatMap((redirect) => routeRules(redirect, unlessBypassed)),
  ];
  return [
    ...ofLinks(family, redirects),
    ...mergeSubnets(redirects.filter(talksToHost).flatMap((redirect) => redirect.subnets)).flatMap(inside),
    ...exceptions,
    ...steers(redirects, unlessBypassed),
    ...bridges.map((device) =>
      ruling(
        { preference: preferences.closed, ...unlessBypassed, device, action: { kind: 'blackhole' } },
        `drop all other packets from ${device}`,
      ),
    ),
    ...closedSources(redirects, unlessBypassed),
    ...(exceptions.some(({ rule }) => rule.action.kind === 'goto') ? [theEnd] : []),
  ];
}

/** Bypass rules for other subnets on a network's bridge. */
function besideRules(redirects: readonly Redirect[]): Ruling[] {
  return redirects
    .filter(isBridged)
    .flatMap((redirect) =>
      redirect.otherBridgeSubnets.map((from) =>
        ruling(
          { preference: preferences.direct, from, ...ingressOf(redirect), action: onwards },
          `${from} is another subnet on the bridge of ${redirect.name}`,
        ),
      ),
    );
}

/** Matches packets without the bypass bit. */
function withoutBypass({ bypassBit = 0 }: Numbers): Pick<Rule, 'fwmark'> {
  return bypassBit === 0 ? {} : { fwmark: { value: 0, mask: bypassBit } };
}

/** A container here would only learn from an ICMP error that its table is gone; from elsewhere, it is no container. */
function closedSources(redirects: readonly Redirect[], unlessBypassed: Pick<Rule, 'fwmark'>): Ruling[] {
  const close = (some: readonly Redirect[], kind: 'blackhole' | 'prohibit', why: string): Ruling[] =>
    mergeSubnets(some.flatMap((redirect) => redirect.subnets)).map((from) =>
      ruling({ preference: preferences.closed, from, ...unlessBypassed, action: { kind } }, why),
    );
  const [bridged, others] = [
    redirects.filter(isBridged),
    redirects.filter((redirect) => !isBridged(redirect)),
  ];
  return [
    ...close(bridged, 'blackhole', 'block this source on any device other than the bridge'),
    ...close(others, 'prohibit', 'block packets that no table has a route for'),
  ];
}

/** Also of a family that is blocked: this host itself may talk to its containers. And of one whose node is not in reach: its answers go nowhere. */
function talksToHost({ steer, local, notReady }: Redirect): boolean {
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
      `route packets to ${to} to its bridge or node`,
    ),
    ruling(
      { preference: preferences.insideClosed, to, action: { kind: 'unreachable' } },
      'block packets to it if its bridge, or the route to its node, is missing',
    ),
  ];
}

/** The mark is not seen by the reverse path filter: an answer from there comes in by the host's own way. */
function directRules(redirects: readonly Redirect[]): Ruling[] {
  return redirects
    .filter(isLocal)
    .flatMap((redirect) =>
      mergeSubnets(redirect.subnets).flatMap((from) =>
        redirect.direct.map((to) =>
          ruling(
            { preference: preferences.direct, from, to, ...ingressOf(redirect), action: onwards },
            `${to} is direct for ${redirect.name}`,
          ),
        ),
      ),
    );
}

/** Subnets that merge share a rule, and it has the reasons of all of them. */
function steers(redirects: readonly Redirect[], unlessBypassed: Pick<Rule, 'fwmark'>): Ruling[] {
  const ways = new Map<
    string,
    { readonly table: number; readonly device?: string; readonly redirects: Redirect[] }
  >();
  for (const redirect of redirects) {
    if (!redirect.steer) continue;
    // What this host itself sends with the address of a bridge goes where its containers' packets go.
    for (const device of redirect.bridge === undefined ? [undefined] : [redirect.bridge, 'lo']) {
      const key = `${redirect.steer.table} ${device ?? ''}`;
      const way = ways.get(key) ?? {
        table: redirect.steer.table,
        ...(device ? { device } : {}),
        redirects: [],
      };
      ways.set(key, way);
      way.redirects.push(redirect);
    }
  }
  return [...ways.values()].flatMap(({ table, device, redirects: some }) => {
    const sources = some.flatMap((redirect) =>
      steeredSubnets(redirect).map((subnet) => ({ subnet, why: redirect.steer?.why ?? '' })),
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
          ? 'packets of this host with a source address of the network'
          : [...new Set(items.map(({ why }) => why))].join('; '),
      ),
    );
  });
}
