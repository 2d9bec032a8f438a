/**
 * Source NAT: the rules of chain `postrouting`. On a host that is several gateways of a network, source and device do
 * not tell a packet's gateway. So its routes are matched again, in the order of the `ip rule`s that selected the table.
 */
import { type Family, type Subnet, familyOf, prefixLength, prefixLengths } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { upstreamBgpPort } from '../bird/upstream.ts';
import { ipKeyword } from './ip-keyword.ts';
import { drop } from './drop.ts';
import {
  type MemberRedirect,
  type Redirect,
  byFamily,
  isMember,
  isNode,
  steeredSubnets,
  subnetsOf,
} from '../redirect.ts';
import { gatewayRoutes, joinWords, routeMatch, selectorMatch } from './route-match.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { goesToNode, isUsuallyServed } from '../routing/egress.ts';

/** An nft rule, and its effect that conntrack keeps for a connection. */
export interface NatRule {
  readonly rule: string;
  readonly decision: string;
  /** source subnets of the connections */
  readonly from: readonly Subnet[];
}

/** @param bypassBit mark bit of packets that keep the host's routing */
export function natRules(redirects: readonly Redirect[], bypassBit: number): NatRule[] {
  return byFamily(redirects).flatMap((group) => natRulesOf(group.family, group.redirects, hex(bypassBit)));
}

function natRulesOf(family: Family, redirects: readonly Redirect[], bit: string): NatRule[] {
  const ip = ipKeyword(family);
  const toOutside = `${isNotRedirected(family, 'destination', redirects)} meta mark & ${bit}`;
  const keep = keepSource(family);
  const local = redirects.filter(isNode);
  const masqueraded = local.filter(({ masqueradeDirect }) => masqueradeDirect);
  return [
    ...ruleFor(local, `${ip} saddr @local${family} ${toOutside} == 0x0 ${keep}`, keep),
    ...ruleFor(
      masqueraded,
      `${ip} saddr @masqueraded${family} ${toOutside} == ${bit} masquerade`,
      'masquerade of direct packets',
    ),
    ...betweenNodes(family, redirects).map((match) => ({
      rule: `${match} ${keep}`,
      decision: `${keep} between nodes`,
      from: subnetsOf(redirects),
    })),
    ...gatewayPackets(family, redirects).flatMap(({ match, packets, from, nat }) =>
      toRouter(family, nat).map((what) => ({
        rule: `${match} oifname "${nat.device}" ${what} ${drop(family, 'source')}`,
        decision: joinWords([packets, `oifname "${nat.device}"`, what, 'drop']),
        from,
      })),
    ),
    ...gatewayPackets(family, redirects).map(({ match, packets, from, nat }) => ({
      rule: `${match} oifname "${nat.device}" ${verdictOf(family, nat)}`,
      decision: joinWords([packets, `oifname "${nat.device}"`, verdictOf(family, nat)]),
      from,
    })),
  ];
}

function ruleFor(redirects: readonly Redirect[], rule: string, decision: string): NatRule[] {
  return redirects.length === 0 ? [] : [{ rule, decision, from: subnetsOf(redirects) }];
}

/**
 * Drops packets without a connection (`ct state invalid`), such as the reset of a connection that conntrack has
 * forgotten: the kernel's NAT skips them, so they would leave with the container's address. They have no `ct status` to
 * match, so translated packets are accepted first, and the rest is dropped.
 */
export function untranslatedRules(family: Family, redirects: readonly Redirect[]): string[] {
  const devices = redirects
    .filter(isMember)
    .flatMap(({ nat }) => (nat && nat.source !== 'none' ? [nat.device] : []));
  if (devices.length === 0) return [];
  return [
    // ICMP errors have the `ct status` of the connection that they quote, even if their source is unchanged.
    ...[...new Set(devices)].map(
      (device) => `oifname "${device}" ct status snat meta l4proto != icmp meta l4proto != ipv6-icmp accept`,
    ),
    ...betweenNodes(family, redirects).map((match) => `${match} return`),
    ...gatewayPackets(family, redirects).map(
      ({ match, nat }) =>
        `${match} oifname "${nat.device}" ${nat.source === 'none' ? 'return' : drop(family, 'source')}`,
    ),
  ];
}

const ospf = 89;

/**
 * Packets that the upstream router would take for those of its neighbour, which have the same source after translation:
 * a container could announce routes.
 */
function toRouter(family: Family, { source, router }: Nat): string[] {
  if (!router || source === 'none') return [];
  if (router.protocol === 'ospf') return [`meta l4proto ${ospf}`];
  const ip = ipKeyword(family);
  return router.neighbors
    .filter((neighbor) => familyOf(neighbor) === family)
    .map((neighbor) => `${ip} daddr ${neighbor} tcp dport ${upstreamBgpPort}`);
}

/** `snat: none` keeps the source address. */
export function translates({ nat }: Pick<MemberRedirect, 'nat'>): boolean {
  return nat !== undefined && nat.source !== 'none';
}

export type Nat = NonNullable<MemberRedirect['nat']>;

/** `none` has a verdict too: another program's masquerade on the uplink must not hide the container. */
function verdictOf(family: Family, { source }: Nat): string {
  if (source === 'masquerade') return source;
  return source === 'none' ? keepSource(family) : `snat ${ipKeyword(family)} to ${source}`;
}

function keepSource(family: Family): string {
  return `snat ${ipKeyword(family)} to ${ipKeyword(family)} saddr`;
}

/** Packets between redirected subnets also leave on the uplink, if it is the link to the nodes. */
function betweenNodes(family: Family, redirects: readonly Redirect[]): string[] {
  const members = redirects.filter(isMember);
  const devices = new Set(members.flatMap(({ returnPaths }) => returnPaths.map(({ device }) => device)));
  if (!members.some(({ nat }) => nat && devices.has(nat.device))) return [];
  return goesToNode(family, redirects).flatMap((match) =>
    isRedirected(family, 'source', redirects).map((source) => `${source} ${match}`),
  );
}

export interface GatewayPackets {
  /** nft match for packets that a gateway's routes send to its uplink */
  readonly match: string;
  /**
   * nft match for the destination or source. The source match has the prefix length: if a subnet grows, packets to its
   * new part no longer leave by the uplink, so its decision changes.
   */
  readonly packets: string;
  readonly from: readonly Subnet[];
  readonly nat: Nat;
}

/** The first match decides. */
export function gatewayPackets(family: Family, redirects: readonly Redirect[]): GatewayPackets[] {
  const members = redirects.filter(isMember);
  const nats = new Map(members.flatMap(({ nat }) => (nat ? [[nat.gateway, nat] as const] : [])));
  const routed = gatewayRoutes(redirects).flatMap((route) => {
    const nat = nats.get(route.selector.via);
    if (!nat) return [];
    const match = routeMatch(family, redirects, route);
    return [{ match, packets: selectorMatch(family, route.selector), from: [route.from], nat }];
  });
  const usual = members.flatMap((redirect) => {
    const { nat } = redirect;
    if (!nat) return [];
    const steered = steeredSubnets(redirect);
    const lengths = prefixLengths(steered);
    // `isUsuallyServed` returns one text for each prefix length, in ascending order.
    return isUsuallyServed(family, 'source', nat.gateway, redirect).map((source, i) => ({
      match: source,
      packets: source,
      from: lengths.length === 1 ? steered : steered.filter((subnet) => prefixLength(subnet) === lengths[i]),
      nat,
    }));
  });
  return [...routed, ...usual];
}
