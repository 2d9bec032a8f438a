/**
 * The chains of table `inet mustredirect`. Rules are in nft's own canonical form, so that they can be
 * compared with what the kernel gives back.
 */
import { type Family, families } from '../../address/cidr.ts';
import type { NftChain } from '../../kinds/nft-table/schema.ts';
import { hex } from '../../kinds/words.ts';
import type { PublishedSubnets } from '../engines/bridge.ts';
import { hostErrorChains } from './host-errors.ts';
import { inboundChains, inboundJumps } from './inbound.ts';
import { markChains } from './marks.ts';
import { natRules, translates, untranslatedRules } from './nat.ts';
import { spoofedChains } from './spoofed.ts';
import { drop, dropChains } from './drop.ts';
import { word } from './word.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type Redirect, type DesiredObject, bridgesOf, byFamily, isLocal } from '../redirect.ts';
import { publishedChain } from './published-ports.ts';
import { exitJumps, routeChains } from './route-chains.ts';
import type { ByMark } from '../routing/steering-kind.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { isReturned, wayRules, egressesOf } from '../routing/egress.ts';

/** before filter chains of other programs (0), which might accept the packet */
const beforeFilter = -1;
/** before masquerade rules of other programs (srcnat, 100): the first NAT decision is final */
const beforeSrcnat = 90;
/** sees the address that a packet leaves with */
const afterSrcnat = 110;

export function nftChains(
  redirects: readonly Redirect[],
  numbers: Numbers,
  byMark: ByMark,
  published: PublishedSubnets,
): DesiredObject[] {
  const { bypassBit = 0 } = numbers;
  return [
    ...markChains(redirects, numbers, byMark, published),
    ...spoofedChains(redirects),
    ...hostErrorChains(redirects, numbers, byMark),
    ...dropChains(redirects),
    ...inboundChains(redirects),
    chain(
      {
        name: 'forward',
        hook: { type: 'filter', hook: 'forward', priority: beforeFilter },
        rules: forwardRules(redirects),
      },
      'check every forwarded packet',
    ),
    chain(
      { name: 'guard', rules: guardRules(redirects, bypassBit, published) },
      'drop and count packets that would leave by another next hop or link',
    ),
    natChain(redirects, bypassBit),
    ...routeChains(redirects, bypassBit),
    ...publishedChain(redirects),
    ...(redirects.some((redirect) => redirect.local || translates(redirect))
      ? [translatedChain(redirects, numbers, byMark)]
      : []),
  ];
}

function natChain(redirects: readonly Redirect[], bypassBit: number): DesiredObject {
  return chain(
    {
      name: 'postrouting',
      hook: { type: 'nat', hook: 'postrouting', priority: beforeSrcnat },
      rules: natRules(redirects, bypassBit),
    },
    redirects.some(isLocal)
      ? 'keep the container’s source address, before any masquerade'
      : 'set the source address that the outside sees',
  );
}

/**
 * Flows that began before their subnet was redirected, or while their destination was direct, leave with the host's address until
 * conntrack has forgotten them: the gateway could not tell which network they belong to.
 */
function translatedChain(redirects: readonly Redirect[], numbers: Numbers, byMark: ByMark): DesiredObject {
  const rules = [
    ...byFamily(redirects).flatMap((group) =>
      group.redirects.some(isLocal)
        ? [
            lostRule(group.family, group.redirects, numbers.bypassBit ?? 0),
            ...(byMark.has(group.family)
              ? ownRules(group.family, group.redirects, numbers.checkedBit ?? 0)
              : []),
          ]
        : [],
    ),
    ...byFamily(redirects).flatMap((group) => untranslatedRules(group.family, group.redirects)),
  ];
  return chain(
    {
      name: 'translated',
      hook: { type: 'filter', hook: 'postrouting', priority: afterSrcnat },
      rules: [...new Set(rules)],
    },
    redirects.some(isLocal)
      ? 'drop and count packets that have lost the container’s source address'
      : 'drop and count packets that NAT left with the container’s source address',
  );
}

function lostRule(family: Family, redirects: readonly Redirect[], bypassBit: number): string {
  const ip = word(family);
  const began = `ct status snat ct original ${ip} saddr @local${family}`;
  const leaves = `${ip} saddr != @local${family} ${isNotRedirected(family, 'destination', redirects)}`;
  const notDirect = `meta mark & ${hex(bypassBit)} == 0x0`;
  return `${began} ${leaves} ${notDirect} ${drop(family, 'original source')}`;
}

/**
 * Packets of this host with the address of a bridge have no mark, and would be routed by table main. Link-local destinations
 * are exempt.
 */
function ownRules(family: Family, redirects: readonly Redirect[], checkedBit: number): string[] {
  const outside = `${isNotRedirected(family, 'destination', redirects)}${family === 6 ? ' ip6 daddr != fe80::/10' : ''}`;
  return isRedirected(family, 'source', redirects).map(
    (source) =>
      `meta mark & ${hex(checkedBit)} == 0x0 ${source} ${outside} fib daddr type unicast ${drop(family, 'source')}`,
  );
}

/** Permitted packets are accepted first, by one lookup of their source. */
function forwardRules(redirects: readonly Redirect[]): string[] {
  const groups = byFamily(redirects);
  const sizes = groups.flatMap((group) => segmentSizes(group.family, group.redirects));
  const good = groups.flatMap((group) =>
    hasExits(group.redirects) ? [] : goodWays(group.family, group.redirects, 'accept'),
  );
  return [
    ...sizes,
    ...good,
    ...groups.flatMap((group) => otherWays(group.family, group.redirects)),
    ...groups.flatMap((group) => inboundJumps(group.family, group.redirects)),
  ];
}

function goodWays(family: Family, redirects: readonly Redirect[], verdict: 'accept' | 'return'): string[] {
  return wayRules(family, egressesOf(family, redirects), 'egress', verdict);
}

/** Packets with a route to another gateway must not leave by the usual one: the guard checks those routes first. */
function hasExits(redirects: readonly Redirect[]): boolean {
  return redirects.some(({ routed }) => routed?.exits.length);
}

function otherWays(family: Family, redirects: readonly Redirect[]): string[] {
  const ip = word(family);
  return [
    ...isRedirected(family, 'source', redirects).map((source) => `${source} jump guard`),
    // If the return route is missing, replies must not follow the default route.
    ...(redirects.some((redirect) => redirect.defaultRouters.length > 0)
      ? isRedirected(family, 'destination', redirects).map(
          (destination) =>
            `rt ${ip} nexthop . oifname @default_routers${family} ${destination} ${drop(family, 'destination')}`,
        )
      : []),
  ];
}

/** SYN packets carry the maximum segment size; nft only ever lowers it. */
const beginning = 'tcp flags & (syn | rst) == syn';
/** of IP and of TCP, without options */
const headerLengths: Readonly<Record<Family, number>> = { 4: 40, 6: 60 };

/**
 * The SYN-ACK limits the container's segments, and `rt mtu` does not know the uplink there: the reply leaves by another device,
 * and its reverse route is looked up without the source address that our rules match.
 */
function segmentSizes(family: Family, redirects: readonly Redirect[]): string[] {
  const answers = redirects.flatMap(({ nat }) => {
    if (nat?.mtu === undefined) return [];
    const size = nat.mtu - headerLengths[family];
    return isRedirected(family, 'destination', redirects).map(
      (destination) =>
        `iifname "${nat.device}" ${beginning} ${destination} tcp option maxseg size set ${size}`,
    );
  });
  return [
    ...(redirects.some((redirect) => redirect.nat)
      ? isRedirected(family, 'source', redirects).map(
          (source) => `${beginning} ${source} tcp option maxseg size set rt mtu`,
        )
      : []),
    ...new Set(answers),
  ];
}

function guardRules(
  redirects: readonly Redirect[],
  bypassBit: number,
  published: PublishedSubnets,
): string[] {
  return [
    // With br_netfilter, frames between two ports of one bridge come by here, too.
    ...(bridgesOf(redirects).length > 0 ? ['iifname . oifname @inside return'] : []),
    ...families.flatMap((family) => (published[family] ? [strayRule(family, hex(bypassBit))] : [])),
    ...byFamily(redirects).flatMap((group) => guardRulesOf(group.family, group.redirects, hex(bypassBit))),
  ];
}

/** Networks with published ports are on a link of this host. If their bridge is gone, the default route must not replace it. */
function strayRule(family: Family, bit: string): string {
  const ip = word(family);
  return `meta mark & ${bit} == ${bit} ${ip} daddr @published${family} rt ${ip} nexthop != @published${family} ${drop(family, 'source')}`;
}

function guardRulesOf(family: Family, redirects: readonly Redirect[], bit: string): string[] {
  const ip = word(family);
  return [
    ...(redirects.some(isLocal) ? [`meta mark & ${bit} == ${bit} ${ip} saddr @local${family} return`] : []),
    ...exitJumps(family, redirects),
    ...(hasExits(redirects) ? goodWays(family, redirects, 'return') : []),
    ...insideRules(family, redirects),
    // No other packet reaches this rule, except while the table holds the old and the new state.
    ...isRedirected(family, 'source', redirects).map((source) => `${source} ${drop(family, 'source')}`),
  ];
}

/**
 * Between redirected subnets: to a container here, out of a redirected bridge, or to the node that has it, by its link. The
 * next hop alone would not do: by a foreign route without one, it is the destination itself.
 */
function insideRules(family: Family, redirects: readonly Redirect[]): string[] {
  const bridges = redirects.some((redirect) => redirect.bridge !== undefined)
    ? isRedirected(family, 'destination', redirects).map(
        (destination) => `oifname @bridges ${destination} return`,
      )
    : [];
  return [...bridges, ...isReturned(family, redirects).map((way) => `${way} return`)];
}

function chain(object: Omit<NftChain, 'kind'>, why: string): DesiredObject {
  return { object: { kind: 'nft-chain', ...object }, why };
}
