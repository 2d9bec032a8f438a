/** `ip rule`s by source and ingress device. A few of them cost a packet no more than the nft map of fwmarks. */
import { type Family, type Subnet, groupMerged, mergeSubnets, prefixLength } from '../../address/cidr.ts';
import type { Rule } from '../../kinds/rule/schema.ts';
import { mainTable, preferences } from '../../kinds/ownership.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Redirect, ingressOf, isBridged, isNode, steeredSubnets, subnetsOf } from '../redirect.ts';
import { memberRules } from './balance.ts';
import { routeRules } from './route-rules.ts';
import { type ReasonedRule, linkLocalRules, skipSteering, withReason, endRule } from './reasoned-rule.ts';

/**
 * Packets are steered by source and bridge; all other packets from that bridge are dropped without an ICMP error. The
 * reverse path filter looks up routes with the bridge as ingress device, so the same rules match.
 */
export function rulesBySource(
  family: Family,
  redirects: readonly Redirect[],
  bridges: readonly string[],
  numbers: Numbers,
): ReasonedRule[] {
  const unlessBypassed = withoutBypass(numbers);
  const moreSpecific = [
    ...otherSubnetRules(redirects),
    ...directRules(redirects),
    ...redirects.flatMap((redirect) => routeRules(redirect, unlessBypassed)),
  ];
  return [
    ...memberRules(redirects, numbers),
    ...linkLocalRules(family, redirects),
    ...mergeSubnets(subnetsOf(redirects.filter(needsInsideRules))).flatMap(insideRules),
    ...moreSpecific,
    ...steerRules(redirects, unlessBypassed),
    ...bridges.map((device) =>
      withReason(
        { preference: preferences.closed, ...unlessBypassed, device, action: { kind: 'blackhole' } },
        `drop all other packets from ${device}`,
      ),
    ),
    ...closedSources(redirects, unlessBypassed),
    ...(moreSpecific.some(({ rule }) => rule.action.kind === 'goto') ? [endRule] : []),
  ];
}

function otherSubnetRules(redirects: readonly Redirect[]): ReasonedRule[] {
  return redirects
    .filter(isBridged)
    .flatMap((redirect) =>
      redirect.otherBridgeSubnets.map((from) =>
        withReason(
          { preference: preferences.direct, from, ...ingressOf(redirect), action: skipSteering },
          `${from} is another subnet on the bridge of ${redirect.name}`,
        ),
      ),
    );
}

/** Match for packets without the bypass bit. */
function withoutBypass({ bypassBit = 0 }: Numbers): Pick<Rule, 'fwmark'> {
  return bypassBit === 0 ? {} : { fwmark: { value: 0, mask: bypassBit } };
}

/**
 * Packets from a bridge are dropped without an ICMP error, which could only tell a container that a table is missing.
 */
function closedSources(redirects: readonly Redirect[], unlessBypassed: Pick<Rule, 'fwmark'>): ReasonedRule[] {
  const close = (some: readonly Redirect[], kind: 'blackhole' | 'prohibit', why: string): ReasonedRule[] =>
    mergeSubnets(subnetsOf(some)).map((from) =>
      withReason({ preference: preferences.closed, from, ...unlessBypassed, action: { kind } }, why),
    );
  const unbridged = redirects.filter((redirect) => !isBridged(redirect));
  return [
    ...close(
      redirects.filter(isBridged),
      'blackhole',
      'block this source on any device other than the bridge',
    ),
    ...close(unbridged, 'prohibit', 'block packets that no table has a route for'),
  ];
}

/** Includes blocked families (this host may talk to its containers), and unreachable nodes (replies must not leave). */
function needsInsideRules({ kind, steer, notReady }: Redirect): boolean {
  return kind === 'node' || steer !== undefined || notReady !== undefined;
}

/**
 * Packets to a redirected subnet, including the host's replies to its containers, use a route of table main to the
 * subnet or to a part of it. If that route is missing because the bridge is down, a wider route must not replace it.
 */
function insideRules(to: Subnet): ReasonedRule[] {
  const suppress = prefixLength(to) - 1;
  return [
    withReason(
      { preference: preferences.inside, to, action: { kind: 'lookup', table: mainTable, suppress } },
      `route packets to ${to} to its bridge or node`,
    ),
    withReason(
      { preference: preferences.insideClosed, to, action: { kind: 'unreachable' } },
      'block packets to it if its bridge, or the route to its node, is missing',
    ),
  ];
}

/**
 * The reverse path filter does not see the bypass bit of replies on the host's own route, so these rules match
 * addresses.
 */
function directRules(redirects: readonly Redirect[]): ReasonedRule[] {
  return redirects
    .filter(isNode)
    .flatMap((redirect) =>
      mergeSubnets(redirect.subnets).flatMap((from) =>
        redirect.direct.map((to) =>
          withReason(
            { preference: preferences.direct, from, to, ...ingressOf(redirect), action: skipSteering },
            `${to} is direct for ${redirect.name}`,
          ),
        ),
      ),
    );
}

interface SteerGroup {
  readonly table: number;
  readonly device: string | undefined;
  readonly sources: { readonly subnet: Subnet; readonly why: string }[];
}

/** Subnets are merged; the rule of a merged subnet lists the reasons of all its parts. */
function steerRules(redirects: readonly Redirect[], unlessBypassed: Pick<Rule, 'fwmark'>): ReasonedRule[] {
  return steerGroups(redirects).flatMap(({ table, device, sources }) =>
    groupMerged(sources).map(({ merged, items }) =>
      withReason(
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
    ),
  );
}

function steerGroups(redirects: readonly Redirect[]): SteerGroup[] {
  const groups = new Map<string, SteerGroup>();
  for (const redirect of redirects) {
    if (!redirect.steer) continue;
    const { table, why } = redirect.steer;
    // Packets that this host sends with a bridge's address take the path of the containers' packets.
    for (const device of isBridged(redirect) ? [redirect.bridge, 'lo'] : [undefined]) {
      const key = `${table} ${device ?? ''}`;
      const group = groups.get(key) ?? { table, device, sources: [] };
      groups.set(key, group);
      group.sources.push(...steeredSubnets(redirect).map((subnet) => ({ subnet, why })));
    }
  }
  return [...groups.values()];
}
