/** Routes of the file in the nft table: direct packets, and packets that may leave only by one gateway. */
import { type Family, type Subnet, shortSubnet } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import { drop } from './drop.ts';
import {
  type Redirect,
  type PolicyRoutes,
  type PolicyRoute,
  type DesiredObject,
  byFamily,
  policyRoutesOf,
} from '../redirect.ts';
import { gatewayRoutes, joinWords, routeMatch, selectorMatch } from './route-match.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { egressRules, egressesOf } from '../routing/egress.ts';

/** Targets of the jumps below. */
export function routeChains(redirects: readonly Redirect[], bypassBit: number): DesiredObject[] {
  return byFamily(redirects).flatMap((group) => [
    ...policyRoutesOf(group.redirects)
      .filter(hasDirect)
      .flatMap((policy) => directChains(group.family, policy, bypassBit)),
    ...egressChains(group.family, group.redirects),
  ]);
}

/** Jumps for prerouting, to the chains that mark direct packets. */
export function directJumps(family: Family, redirects: readonly Redirect[]): string[] {
  const ip = ipKeyword(family);
  const toOutside = isNotRedirected(family, 'destination', redirects);
  return policyRoutesOf(redirects)
    .filter(hasDirect)
    .flatMap((policy) =>
      sourcesOf(policy).flatMap((from) => [
        `${ip} saddr ${shortSubnet(from)} ${toOutside} jump direct${family}_${policy.name}`,
        ...(replyRoutes(policy).length > 0
          ? [`${ip} saddr ${shortSubnet(from)} ct direction reply jump replies${family}_${policy.name}`]
          : []),
      ]),
    );
}

/** Jumps for the guard: packets with a route to a gateway leave only there. */
export function egressJumps(family: Family, redirects: readonly Redirect[]): string[] {
  // If several gateways of a network are here, each has a redirect of its own.
  return gatewayRoutes(redirects).map(
    (route) => `${routeMatch(family, redirects, route)} goto via${family}_${route.selector.via}`,
  );
}

function egressChains(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const known = egressesOf(family, redirects);
  // Unreachable gateways are included: packets with a route to them are dropped.
  const gateways = [
    ...new Set(policyRoutesOf(redirects).flatMap(({ egresses }) => egresses.map(({ gateway }) => gateway))),
  ].sort();
  const drops = isRedirected(family, 'source', redirects).map(
    (source) => `${source} ${drop(family, 'source')}`,
  );
  return gateways.map((gateway) => {
    const own = known.filter((egress) => egress.gateways.has(gateway));
    return chain(
      `via${family}_${gateway}`,
      [...egressRules(family, own, 'routed', 'return'), ...drops],
      `packets with a route to gateway ${gateway} may leave only there`,
    );
  });
}

/** Sources with direct routes, and the rules that make packets direct. */
export function directByRoutes(
  family: Family,
  redirects: readonly Redirect[],
): { readonly from: readonly Subnet[]; readonly rules: readonly string[] }[] {
  return policyRoutesOf(redirects)
    .filter(hasDirect)
    .map((policy) => ({ from: sourcesOf(policy), rules: directChainRules(family, policy, 'direct') }));
}

/**
 * While a network leaves directly, replies to clients of its gateway do not: nothing would translate the container's
 * address in them.
 */
const beganInside = 'ct direction original';

/** The first matching rule decides, as with `ip rule`. */
function directChainRules(family: Family, { routes }: PolicyRoutes, direct: string): string[] {
  const rules = routes.map(({ selector, table, outage }) =>
    joinWords([
      selectorMatch(family, selector),
      outage === undefined ? '' : beganInside,
      table === undefined ? direct : 'return',
    ]),
  );
  // Every subnet of the network has the same routes.
  return [...new Set(rules)];
}

function directChains(family: Family, policy: PolicyRoutes, bypassBit: number): DesiredObject[] {
  const mark = `meta mark set meta mark | ${hex(bypassBit)} return`;
  // An engine may have rewritten the client's address to the bridge's, so match the original source.
  const replies = replyRoutes(policy).map((route) =>
    joinWords([
      `ct original ${ipKeyword(family)} saddr ${shortSubnet(route.selector.to ?? '')}`,
      route.table === undefined ? mark : 'return',
    ]),
  );
  return [
    chain(
      `direct${family}_${policy.name}`,
      directChainRules(family, policy, mark),
      `mark packets that routes of ${policy.name} make direct`,
    ),
    ...(replies.length > 0
      ? [
          chain(
            `replies${family}_${policy.name}`,
            [...new Set(replies)],
            'mark replies to direct destinations',
          ),
        ]
      : []),
  ];
}

/** Routes that can match replies: those with only a destination, because a reply has its ports swapped. */
function replyRoutes({ routes }: PolicyRoutes): PolicyRoute[] {
  return routes.filter(({ selector }) => selector.to !== undefined && selector.proto === undefined);
}

function hasDirect({ routes }: PolicyRoutes): boolean {
  return routes.some(({ table }) => table === undefined);
}

function sourcesOf({ routes }: PolicyRoutes): Subnet[] {
  return [...new Set(routes.map(({ from }) => from))];
}
