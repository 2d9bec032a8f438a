/**
 * Source NAT: the rules of chain `postrouting`. On a host that is several gateways of a network, source and device do not show
 * which gateway a packet was sent to: the routes do, in the order of the `ip rule`s that chose the table.
 */
import type { Family } from '../../address/cidr.ts';
import { hex } from '../../kinds/words.ts';
import { word } from './word.ts';
import { drop } from './drop.ts';
import { type Redirect, byFamily } from '../redirect.ts';
import { gatewayRoutes, routeMatch } from './route-match.ts';
import { isNotRedirected, isRedirected } from './subnet-sets.ts';
import { isReturned, isUsuallyServed } from '../routing/egress.ts';

export function natRules(redirects: readonly Redirect[], bypassBit: number): string[] {
  return byFamily(redirects).flatMap((group) => natRulesOf(group.family, group.redirects, hex(bypassBit)));
}

function natRulesOf(family: Family, redirects: readonly Redirect[], bit: string): string[] {
  const ip = word(family);
  const outside = `${isNotRedirected(family, 'destination', redirects)} meta mark & ${bit}`;
  const own = `${ip} saddr @local${family} ${outside} == 0x0 snat ${ip} to ${ip} saddr`;
  const direct = `${ip} saddr @masqueraded${family} ${outside} == ${bit} masquerade`;
  return [
    ...(redirects.some((redirect) => redirect.local) ? [own] : []),
    ...(redirects.some((redirect) => redirect.masqueradeDirect) ? [direct] : []),
    ...betweenNodes(family, redirects).map((match) => `${match} snat ${ip} to ${ip} saddr`),
    ...gatewayPackets(family, redirects).map(({ match, nat }) => `${match} ${nat.verdict}`),
  ];
}

/**
 * Stops packets that conntrack counts to no flow (`ct state invalid`), such as the reset of a connection that it has forgotten:
 * the kernel's NAT skips them, so they would leave with the container's own address. No rule can match them directly, because
 * they have no `ct status`. So translated packets are accepted first, and the rest is stopped.
 */
export function untranslatedRules(family: Family, redirects: readonly Redirect[]): string[] {
  const devices = redirects.flatMap((redirect) =>
    redirect.nat && translates(redirect) ? [redirect.nat.device] : [],
  );
  if (devices.length === 0) return [];
  return [
    // An ICMP error belongs to the flow that it is about, and conntrack may all the same have left its address as it was.
    ...[...new Set(devices)].map(
      (device) => `oifname "${device}" ct status snat meta l4proto != icmp meta l4proto != ipv6-icmp accept`,
    ),
    ...betweenNodes(family, redirects).map((match) => `${match} return`),
    ...gatewayPackets(family, redirects).map(
      ({ match, nat }) => `${match} ${isTranslation(nat) ? drop(family, 'source') : 'return'}`,
    ),
  ];
}

/** Whether it gives packets another address: it does not where the file says `snat: none`. */
export function translates({ nat }: Redirect): boolean {
  return nat !== undefined && isTranslation(nat);
}

type Nat = NonNullable<Redirect['nat']>;

function isTranslation({ verdict }: Nat): boolean {
  return !verdict.endsWith(' saddr');
}

/** Packets between redirected subnets, which also leave by the uplink if it is the link to the nodes. */
function betweenNodes(family: Family, redirects: readonly Redirect[]): string[] {
  const devices = new Set(redirects.flatMap(({ returnWays }) => returnWays.map(({ device }) => device)));
  if (!redirects.some(({ nat }) => nat && devices.has(nat.device))) return [];
  return isReturned(family, redirects).flatMap((way) =>
    isRedirected(family, 'source', redirects).map((source) => `${source} ${way}`),
  );
}

interface GatewayPackets {
  /** says that a packet leaves for the outside, and by which gateway */
  readonly match: string;
  readonly nat: Nat;
}

/** The first match decides. */
function gatewayPackets(family: Family, redirects: readonly Redirect[]): GatewayPackets[] {
  const nats = new Map(redirects.flatMap(({ nat }) => (nat ? [[nat.gateway, nat] as const] : [])));
  const routed = gatewayRoutes(redirects).flatMap((route) => {
    const nat = nats.get(route.selector.via);
    if (!nat) return [];
    return [{ match: `${routeMatch(family, redirects, route)} oifname "${nat.device}"`, nat }];
  });
  const usual = redirects.flatMap((redirect) => {
    const { nat } = redirect;
    if (!nat) return [];
    return isUsuallyServed(family, 'source', nat.gateway, redirect).map((source) => ({
      match: `${source} oifname "${nat.device}"`,
      nat,
    }));
  });
  return [...routed, ...usual];
}
