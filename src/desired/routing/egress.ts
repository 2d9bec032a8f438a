/**
 * By which ways subnets may leave: what the guard knows. Each way has a set of the subnets that leave by it; a set of pairs
 * would cost more the more it holds. They are named by the way, not by the gateway: when a gateway gets another way, what
 * leaves by the old one does not leave by the new one. A next hop counts on its own link only: a foreign route without a next
 * hop sends what goes to the gateway's own address, whose next hop is then that address, out of any device.
 */
import type { Family, Subnet } from '../../address/cidr.ts';
import { subnetSetName } from '../../kinds/nft-table/set-name.ts';
import { word } from '../nft/word.ts';
import { type Redirect, type GatewayWays, steeredSubnets } from '../redirect.ts';
import { type Field, anyOf, fieldOf, lengthsOf } from '../nft/subnet-sets.ts';

export interface Egress {
  /** for the names of its sets: `192.168.50.2_eth0`, `fe80--1_eth0`, `gre1` */
  readonly name: string;
  /** what a packet that goes by it has: `rt ip nexthop 192.168.50.2 oifname "eth0"` */
  readonly match: string;
  /** leave by it unless a route says otherwise */
  readonly egress: readonly Subnet[];
  /** leave by it when a route says so */
  readonly routed: readonly Subnet[];
  /** the gateways that routes to it are for */
  readonly gateways: ReadonlySet<string>;
}

/** The ways out of some redirects of one family, sorted by name. */
export function egressesOf(family: Family, redirects: readonly Redirect[]): Egress[] {
  const found = new Map<string, Collected>();
  const collect = (ways: GatewayWays): Collected[] =>
    waysOut(family, ways).map((way) => {
      const known = found.get(way.name) ?? { ...way, egress: [], routed: [], gateways: new Set() };
      found.set(way.name, known);
      return known;
    });
  for (const redirect of redirects) {
    if (redirect.steer) for (const way of collect(redirect)) way.egress.push(...steeredSubnets(redirect));
    for (const exit of redirect.routed?.exits ?? []) {
      for (const way of collect(exit)) {
        way.routed.push(...exit.subnets);
        way.gateways.add(exit.gateway);
      }
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface Collected {
  readonly name: string;
  readonly match: string;
  readonly egress: Subnet[];
  readonly routed: Subnet[];
  readonly gateways: Set<string>;
}

function waysOut(
  family: Family,
  { hops, devices }: GatewayWays,
): readonly { readonly name: string; readonly match: string }[] {
  return [
    ...hops.map(({ via, device }) => ({
      name: `${nameOf(via)}_${nameOf(device)}`,
      match: `rt ${word(family)} nexthop ${via} oifname "${device}"`,
    })),
    ...devices.map((device) => ({ name: nameOf(device), match: `oifname "${device}"` })),
  ];
}

/** An address or a device as a part of a name of nft, which takes no colons. */
function nameOf(text: string): string {
  return text
    .replaceAll(':', '-')
    .replace(/[^\w.-]/g, (character) => `_${character.codePointAt(0)?.toString(16) ?? ''}_`);
}

export function egressSet(family: Family, what: 'egress' | 'routed', { name }: Egress): string {
  return `${what}${family}_${name}`;
}

/** Of what leaves by a way: the way is asked first, since the subnets are many. */
export function wayRules(
  family: Family,
  ways: readonly Egress[],
  what: 'egress' | 'routed',
  verdict: 'accept' | 'return',
): string[] {
  return ways
    .filter((way) => way[what].length > 0)
    .flatMap((way) =>
      anyOf(family, 'source', egressSet(family, what, way), lengthsOf(way[what])).map(
        (source) => `${way.match} ${source} ${verdict}`,
      ),
    );
}

/** the subnets of other hosts, each with the neighbour and the link by which it is reached */
export function returnSet(family: Family): string {
  return `return${family}`;
}

/** Says that a packet goes to the node that has its destination, one text for each prefix length. */
export function isReturned(family: Family, redirects: readonly Redirect[]): string[] {
  const subnets = redirects.flatMap(({ returnWays }) => returnWays.map(({ subnet }) => subnet));
  return lengthsOf(subnets).map((length) => {
    const way = `${fieldOf(family, 'destination', length)} . rt ${word(family)} nexthop . oifname`;
    return `${way} @${subnetSetName(returnSet(family), length)}`;
  });
}

/** what a gateway gets, without counters: for what is not the guard's */
export function servedSet(family: Family, gateway: string): string {
  return `served${family}_${gateway}`;
}

/**
 * For the NAT of each gateway; where a mark steers, for what has not come from a bridge, too.
 */
export function servedSubnets(
  redirects: readonly Redirect[],
  byMark: boolean,
): ReadonlyMap<string, Subnet[]> {
  const served = new Map<string, Subnet[]>();
  for (const { nat, steer, subnets } of redirects) {
    const gateway = nat?.gateway ?? (byMark ? steer?.gateway : undefined);
    if (gateway === undefined) continue;
    const known = served.get(gateway) ?? [];
    known.push(...subnets);
    served.set(gateway, known);
  }
  return served;
}

/** Says that a field is in what a gateway gets, one text for each prefix length. */
export function isServed(
  family: Family,
  field: Field,
  gateway: string,
  subnets: readonly Subnet[],
): string[] {
  return anyOf(family, field, servedSet(family, gateway), lengthsOf(subnets));
}

/** of these, what it gets unless a route says otherwise, where that is not all of them */
export function usualSet(family: Family, gateway: string): string {
  return `usual${family}_${gateway}`;
}

/** Says that a field is in what a gateway gets when no route is about the packet. */
export function isUsuallyServed(
  family: Family,
  field: Field,
  gateway: string,
  { steer, subnets }: Redirect,
): string[] {
  if (!steer?.only) return isServed(family, field, gateway, subnets);
  return anyOf(family, field, usualSet(family, gateway), lengthsOf(steer.only));
}

/** the map that leads from a packet's source to the chain that marks it */
export function steerMap(family: Family): string {
  return `steer${family}`;
}
