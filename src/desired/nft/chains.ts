/** Chains of table `inet mustredirect`. Rules have nft's canonical form, to compare them with the kernel's. */
import { type Family, families } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import type { PublishedSubnets } from '../engines/bridge.ts';
import { chain } from './chain.ts';
import { hostErrorChains } from './host-errors.ts';
import { inboundChains, inboundJumps } from './inbound.ts';
import { markChains } from './marks.ts';
import { natRules, translates, untranslatedRules } from './nat.ts';
import { spoofedChains } from './spoofed.ts';
import { drop, dropChains } from './drop.ts';
import { ipKeyword } from './ip-keyword.ts';
import type { Numbers } from '../allocate/numbers.ts';
import {
  type Redirect,
  type DesiredObject,
  bridgesOf,
  byFamily,
  isBridged,
  isMember,
  isNode,
  policyRoutesOf,
} from '../redirect.ts';
import { publishedChain } from './published-ports.ts';
import { resetFlowsChain } from './reset-flows.ts';
import { egressJumps, routeChains } from './route-chains.ts';
import type { SteeredFamily } from '../routing/steering-kind.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { goesToNode, egressRules, egressesOf } from '../routing/egress.ts';

/** before filter chains of other programs (0), which might accept the packet */
const beforeFilter = -1;
/** before masquerade rules of other programs (srcnat, 100): the first NAT decision is final */
const beforeSrcnat = 90;
/** after source NAT: sees the source address that a packet leaves with */
const afterSrcnat = 110;

export function nftChains(
  groups: readonly SteeredFamily[],
  numbers: Numbers,
  published: PublishedSubnets,
): DesiredObject[] {
  const { bypassBit = 0 } = numbers;
  const redirects = groups.flatMap((group) => group.redirects);
  return [
    ...markChains(groups, numbers, published),
    ...spoofedChains(redirects),
    ...hostErrorChains(groups, numbers),
    ...dropChains(redirects),
    ...inboundChains(redirects),
    chain('forward', forwardRules(redirects), 'check every forwarded packet', {
      type: 'filter',
      hook: 'forward',
      priority: beforeFilter,
    }),
    chain(
      'guard',
      guardRules(redirects, bypassBit, published),
      'drop and count packets that would leave by another next hop or link',
    ),
    natChain(redirects, bypassBit),
    ...routeChains(redirects, bypassBit),
    ...publishedChain(redirects),
    ...resetFlowsChain(redirects),
    ...(redirects.some((redirect) => isNode(redirect) || translates(redirect))
      ? [translatedChain(groups, numbers)]
      : []),
  ];
}

function natChain(redirects: readonly Redirect[], bypassBit: number): DesiredObject {
  return chain(
    'postrouting',
    natRules(redirects, bypassBit).map(({ rule }) => rule),
    redirects.some(isNode)
      ? 'keep the container’s source address, before any masquerade'
      : 'set the source address that the outside sees',
    { type: 'nat', hook: 'postrouting', priority: beforeSrcnat },
  );
}

/**
 * Connections from before their subnet was redirected, or from while their destination was direct, keep the host's
 * source address as long as conntrack has their entry: the gateway could not tell their network.
 */
function translatedChain(
  groups: readonly SteeredFamily[],
  { bypassBit = 0, checkedBit = 0 }: Numbers,
): DesiredObject {
  const local = groups.filter(({ redirects }) => redirects.some(isNode));
  const rules = [
    ...local.flatMap(({ family, redirects, steering }) => [
      lostSourceRule(family, redirects, bypassBit),
      ...(steering.kind === 'mark' ? hostSourceRules(family, redirects, checkedBit) : []),
    ]),
    ...groups.flatMap((group) => untranslatedRules(group.family, group.redirects)),
  ];
  return chain(
    'translated',
    [...new Set(rules)],
    local.length > 0
      ? 'drop and count packets that have lost the container’s source address'
      : 'drop and count packets that NAT left with the container’s source address',
    { type: 'filter', hook: 'postrouting', priority: afterSrcnat },
  );
}

function lostSourceRule(family: Family, redirects: readonly Redirect[], bypassBit: number): string {
  const ip = ipKeyword(family);
  const began = `ct status snat ct original ${ip} saddr @local${family}`;
  const leaves = `${ip} saddr != @local${family} ${isNotRedirected(family, 'destination', redirects)}`;
  const notDirect = `meta mark & ${hex(bypassBit)} == 0x0`;
  return `${began} ${leaves} ${notDirect} ${drop(family, 'original source')}`;
}

/** Packets of this host with a bridge's address have no mark, and would be routed by table main. */
function hostSourceRules(family: Family, redirects: readonly Redirect[], checkedBit: number): string[] {
  const toOutside = `${isNotRedirected(family, 'destination', redirects)}${family === 6 ? ' ip6 daddr != fe80::/10' : ''}`;
  return isRedirected(family, 'source', redirects).map(
    (source) =>
      `meta mark & ${hex(checkedBit)} == 0x0 ${source} ${toOutside} fib daddr type unicast ${drop(family, 'source')}`,
  );
}

/** Permitted packets come first: they are accepted after one lookup of their source. */
function forwardRules(redirects: readonly Redirect[]): string[] {
  const groups = byFamily(redirects);
  return [
    ...groups.flatMap((group) => mssRules(group.family, group.redirects)),
    ...groups.flatMap((group) =>
      hasGatewayRoutes(group.redirects) ? [] : permitRules(group.family, group.redirects, 'accept'),
    ),
    ...groups.flatMap((group) => guardJumps(group.family, group.redirects)),
    ...groups.flatMap((group) => inboundJumps(group.family, group.redirects)),
  ];
}

function permitRules(family: Family, redirects: readonly Redirect[], verdict: 'accept' | 'return'): string[] {
  return egressRules(family, egressesOf(family, redirects), 'egress', verdict);
}

/**
 * If so, the guard checks routes before it permits anything: packets with a route to a gateway may leave only there.
 */
function hasGatewayRoutes(redirects: readonly Redirect[]): boolean {
  return policyRoutesOf(redirects).some(({ egresses }) => egresses.length > 0);
}

function guardJumps(family: Family, redirects: readonly Redirect[]): string[] {
  const ip = ipKeyword(family);
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
const synPackets = 'tcp flags & (syn | rst) == syn';
/** length of the IP and TCP headers without options */
const headerLengths: Readonly<Record<Family, number>> = { 4: 40, 6: 60 };

/**
 * The SYN-ACK limits the container's segments. It gets the uplink's MTU as a number, which `rt mtu` does not give
 * there: the SYN-ACK leaves on another device, and its reverse route is looked up without the source address that our
 * rules match.
 */
function mssRules(family: Family, redirects: readonly Redirect[]): string[] {
  const nats = redirects.flatMap((redirect) => (isMember(redirect) && redirect.nat) || []);
  const replies = nats.flatMap(({ device, mtu }) =>
    mtu === undefined
      ? []
      : isRedirected(family, 'destination', redirects).map(
          (destination) =>
            `iifname "${device}" ${synPackets} ${destination} tcp option maxseg size set ${mtu - headerLengths[family]}`,
        ),
  );
  const sources = nats.length === 0 ? [] : isRedirected(family, 'source', redirects);
  return [
    ...sources.map((source) => `${synPackets} ${source} tcp option maxseg size set rt mtu`),
    ...new Set(replies),
  ];
}

function guardRules(
  redirects: readonly Redirect[],
  bypassBit: number,
  published: PublishedSubnets,
): string[] {
  return [
    // With br_netfilter, frames between two ports of one bridge pass this chain too.
    ...(bridgesOf(redirects).length > 0 ? ['iifname . oifname @inside return'] : []),
    ...families.flatMap((family) => (published[family] ? [missingBridgeRule(family, hex(bypassBit))] : [])),
    ...byFamily(redirects).flatMap((group) =>
      familyGuardRules(group.family, group.redirects, hex(bypassBit)),
    ),
  ];
}

/** Other networks with published ports are directly connected: no default route may replace a missing bridge. */
function missingBridgeRule(family: Family, bit: string): string {
  const ip = ipKeyword(family);
  return `meta mark & ${bit} == ${bit} ${ip} daddr @published${family} rt ${ip} nexthop != @published${family} ${drop(family, 'source')}`;
}

function familyGuardRules(family: Family, redirects: readonly Redirect[], bit: string): string[] {
  const ip = ipKeyword(family);
  return [
    ...(redirects.some(isNode) ? [`meta mark & ${bit} == ${bit} ${ip} saddr @local${family} return`] : []),
    ...egressJumps(family, redirects),
    ...(hasGatewayRoutes(redirects) ? permitRules(family, redirects, 'return') : []),
    ...insideRules(family, redirects),
    // No other packet reaches this rule, except while the table holds the old and the new state.
    ...isRedirected(family, 'source', redirects).map((source) => `${source} ${drop(family, 'source')}`),
  ];
}

/**
 * Packets between redirected subnets may leave on a redirected bridge, or to the node of their destination on its link.
 * The next hop alone proves nothing: with a foreign route that has no next hop, it equals the destination.
 */
function insideRules(family: Family, redirects: readonly Redirect[]): string[] {
  const bridges = redirects.some(isBridged)
    ? isRedirected(family, 'destination', redirects).map(
        (destination) => `oifname @bridges ${destination} return`,
      )
    : [];
  return [...bridges, ...goesToNode(family, redirects).map((match) => `${match} return`)];
}
