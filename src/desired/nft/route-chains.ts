/** Routes in our nft table: which packets are direct, and which may leave by another gateway's ways alone. */
import { type Family, type Subnet, shortSubnet } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { word } from './word.ts';
import { stop } from './stop.ts';
import { type Part, type Routed, type RoutedWay, type Wanted, byFamily } from '../parts.ts';
import { gatewayRoutes, joinWords, routeMatch, selectorMatch } from './route-match.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { wayRules, waysOf } from '../routing/ways.ts';

/** The chains that the jumps below lead to. */
export function routeChains(parts: readonly Part[], directBit: number): Wanted[] {
  return byFamily(parts).flatMap((group) => [
    ...group.parts.flatMap(({ routed }) =>
      routed && hasDirect(routed) ? exceptionChains(group.family, routed, directBit) : [],
    ),
    ...exitChains(group.family, group.parts),
  ]);
}

/** Before a packet is routed, for the chain that marks what is direct. */
export function exceptionJumps(family: Family, parts: readonly Part[]): string[] {
  const ip = word(family);
  const outside = isNotRedirected(family, 'destination', parts);
  return parts.flatMap(({ routed }) => {
    if (!routed || !hasDirect(routed)) return [];
    return sourcesOf(routed).flatMap((from) => [
      `${ip} saddr ${shortSubnet(from)} ${outside} jump direct${family}_${routed.name}`,
      ...(answeredWays(routed).length > 0
        ? [`${ip} saddr ${shortSubnet(from)} ct direction reply jump answers${family}_${routed.name}`]
        : []),
    ]);
  });
}

/** For the guard: what a route sends to a gateway leaves there, or not at all. */
export function exitJumps(family: Family, parts: readonly Part[]): string[] {
  // Of a network whose gateways are all here, each has a part of its own.
  return gatewayRoutes(parts).map(
    (route) => `${routeMatch(family, parts, route)} goto via${family}_${route.selector.via}`,
  );
}

function exitChains(family: Family, parts: readonly Part[]): Wanted[] {
  const ways = waysOf(family, parts);
  // Also those that are not in reach: what routes send there stops.
  const gateways = [
    ...new Set(parts.flatMap(({ routed }) => (routed?.exits ?? []).map(({ gateway }) => gateway))),
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
        ...isRedirected(family, 'source', parts).map((source) => `${source} ${stop(family, 'source')}`),
      ],
    },
    why: `what routes send to gateway ${gateway} leaves there alone`,
  }));
}

/** The first that matches decides, as with the rules. */
function exceptionChains(family: Family, routed: Routed, directBit: number): Wanted[] {
  const decide = ({ table }: RoutedWay): string =>
    table === undefined ? `meta mark set meta mark | ${hex(directBit)} return` : 'return';
  const rules = routed.ways.map((way) => joinWords([selectorMatch(family, way.selector), decide(way)]));
  // An engine may have given the one who asked the bridge's address: what it began with counts.
  const answers = answeredWays(routed).map((way) =>
    joinWords([`ct original ${word(family)} saddr ${shortSubnet(way.selector.to ?? '')}`, decide(way)]),
  );
  return [
    chainOf(`direct${family}_${routed.name}`, rules, `marks what routes of ${routed.name} make direct`),
    ...(answers.length > 0
      ? [chainOf(`answers${family}_${routed.name}`, answers, `marks answers to direct destinations`)]
      : []),
  ];
}

function chainOf(name: string, rules: readonly string[], why: string): Wanted {
  return { object: { kind: 'nft-chain', name, rules: [...new Set(rules)] }, why };
}

/** Answers have the ports of their question the other way round: only a destination tells what they are about. */
function answeredWays({ ways }: Routed): RoutedWay[] {
  return ways.filter(({ selector }) => selector.to !== undefined && selector.proto === undefined);
}

function hasDirect({ ways }: Routed): boolean {
  return ways.some(({ table }) => table === undefined);
}

function sourcesOf({ ways }: Routed): Subnet[] {
  return [...new Set(ways.map(({ from }) => from))];
}
