/** Routes in our nft table: which packets are direct, and which may leave by another gateway's ways alone. */
import { type Family, type Subnet, shortSubnet } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { word } from './word.ts';
import { drop } from './drop.ts';
import {
  type Redirect,
  type PolicyRoutes,
  type PolicyRoute,
  type DesiredObject,
  byFamily,
} from '../redirect.ts';
import { gatewayRoutes, joinWords, routeMatch, selectorMatch } from './route-match.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { wayRules, egressesOf } from '../routing/egress.ts';

/** The chains that the jumps below target. */
export function routeChains(redirects: readonly Redirect[], bypassBit: number): DesiredObject[] {
  return byFamily(redirects).flatMap((group) => [
    ...group.redirects.flatMap(({ routed }) =>
      routed && hasDirect(routed) ? exceptionChains(group.family, routed, bypassBit) : [],
    ),
    ...exitChains(group.family, group.redirects),
  ]);
}

/** Jumps in prerouting, to the chains that mark direct packets. */
export function exceptionJumps(family: Family, redirects: readonly Redirect[]): string[] {
  const ip = word(family);
  const outside = isNotRedirected(family, 'destination', redirects);
  return redirects.flatMap(({ routed }) => {
    if (!routed || !hasDirect(routed)) return [];
    return sourcesOf(routed).flatMap((from) => [
      `${ip} saddr ${shortSubnet(from)} ${outside} jump direct${family}_${routed.name}`,
      ...(answeredWays(routed).length > 0
        ? [`${ip} saddr ${shortSubnet(from)} ct direction reply jump answers${family}_${routed.name}`]
        : []),
    ]);
  });
}

/** Jumps in the guard: packets with a route to a gateway leave only there. */
export function exitJumps(family: Family, redirects: readonly Redirect[]): string[] {
  // If several gateways of a network are here, each has a redirect of its own.
  return gatewayRoutes(redirects).map(
    (route) => `${routeMatch(family, redirects, route)} goto via${family}_${route.selector.via}`,
  );
}

function exitChains(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const ways = egressesOf(family, redirects);
  // Unreachable gateways are included: packets with a route to them are dropped.
  const gateways = [
    ...new Set(redirects.flatMap(({ routed }) => (routed?.exits ?? []).map(({ gateway }) => gateway))),
  ].sort();
  return gateways.map((gateway) => ({
    object: {
      kind: 'nft-chain',
      name: `via${family}_${gateway}`,
      rules: [
        ...wayRules(
          family,
          ways.filter((way) => way.gateways.has(gateway)),
          'routed',
          'return',
        ),
        ...isRedirected(family, 'source', redirects).map((source) => `${source} ${drop(family, 'source')}`),
      ],
    },
    why: `packets with a route to gateway ${gateway} may leave only there`,
  }));
}

/** The first matching rule decides, as with `ip rule`. */
function exceptionChains(family: Family, routed: PolicyRoutes, bypassBit: number): DesiredObject[] {
  const decide = ({ table }: PolicyRoute): string =>
    table === undefined ? `meta mark set meta mark | ${hex(bypassBit)} return` : 'return';
  const rules = routed.ways.map((way) => joinWords([selectorMatch(family, way.selector), decide(way)]));
  // An engine may have rewritten the client's address to the bridge's, so match the original source.
  const answers = answeredWays(routed).map((way) =>
    joinWords([`ct original ${word(family)} saddr ${shortSubnet(way.selector.to ?? '')}`, decide(way)]),
  );
  return [
    chainOf(
      `direct${family}_${routed.name}`,
      rules,
      `mark packets that routes of ${routed.name} make direct`,
    ),
    ...(answers.length > 0
      ? [chainOf(`answers${family}_${routed.name}`, answers, `mark replies to direct destinations`)]
      : []),
  ];
}

function chainOf(name: string, rules: readonly string[], why: string): DesiredObject {
  return { object: { kind: 'nft-chain', name, rules: [...new Set(rules)] }, why };
}

/** Replies have source and destination port swapped, so only routes with a destination alone can match them. */
function answeredWays({ ways }: PolicyRoutes): PolicyRoute[] {
  return ways.filter(({ selector }) => selector.to !== undefined && selector.proto === undefined);
}

function hasDirect({ ways }: PolicyRoutes): boolean {
  return ways.some(({ table }) => table === undefined);
}

function sourcesOf({ ways }: PolicyRoutes): Subnet[] {
  return [...new Set(ways.map(({ from }) => from))];
}
