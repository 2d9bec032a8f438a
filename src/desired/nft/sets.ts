/** The sets of table `inet mustredirect`. Elements are in nft's own canonical form. */
import {
  type Address,
  type Family,
  type Subnet,
  families,
  mergeSubnets,
  prefixLength,
  shortSubnet,
  sortSubnets,
} from '../../address/cidr.ts';
import type { Hop } from '../../state/facts.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import { publishedSet, redirectedSet, subnetSetName, tellsOfOthers } from '../../kinds/nft-table/set-name.ts';
import { inboundSets } from './inbound.ts';
import { droppedSets } from './drop.ts';
import { quotedSubnets } from './host-errors.ts';
import { type Redirect, type DesiredObject, bridgesOf, byFamily, steeredSubnets } from '../redirect.ts';
import type { PublishedSubnets } from '../engines/bridge.ts';
import { isMarked } from './marks.ts';
import type { ByMark } from '../routing/steering-kind.ts';
import { othersOnBridge, pairsOnBridge } from './on-bridge.ts';
import { steeringMaps } from './steering-maps.ts';
import { bridgeSets, firstAddress, lengthsOf, quotedMaps, subnetSets } from './subnet-sets.ts';
import {
  type Egress,
  returnSet,
  servedSet,
  servedSubnets,
  usualSet,
  egressSet,
  egressesOf,
} from '../routing/egress.ts';

/** All sets that the chains of these redirects name. Only sets that packets fill are empty. */
export function nftSets(
  redirects: readonly Redirect[],
  byMark: ByMark,
  published: PublishedSubnets,
): DesiredObject[] {
  const bridges = bridgesOf(redirects).map((bridge) => `"${bridge}"`);
  const marked = isMarked(redirects);
  return [
    ...byFamily(redirects).flatMap((group) =>
      setsOf(group.family, group.redirects, byMark.has(group.family), marked),
    ),
    ...families.flatMap((family) => publishedSets(family, published[family])),
    wholeValues('bridges', ['ifname'], bridges, 'bridges of redirected networks'),
    wholeValues('spoofed', ['ifname'], bridges, 'packets with a spoofed source address, by bridge', true),
    wholeValues(
      'inside',
      ['ifname', 'ifname'],
      bridges.map((bridge) => `${bridge} . ${bridge}`),
      'frames between ports of one bridge',
    ),
  ].filter(({ object }) => isFilled(object as NftSet));
}

function setsOf(
  family: Family,
  redirects: readonly Redirect[],
  byMark: boolean,
  marked: boolean,
): DesiredObject[] {
  const address = `ipv${family}_addr`;
  const all = redirects.flatMap((redirect) => redirect.subnets);
  const local = redirects.filter((redirect) => redirect.local).flatMap((redirect) => redirect.subnets);
  return [
    ...subnetSets(family, redirectedSet(family), all, 'all redirected subnets'),
    ...returnSets(family, redirects),
    wholeValues(
      `default_routers${family}`,
      [address, 'ifname'],
      [...new Set(redirects.flatMap((redirect) => redirect.defaultRouters.map(hopText)))].sort(),
      'default routers: replies must not be routed to them',
    ),
    ...droppedSets(family, redirects),
    set(`local${family}`, [address], elements(local), 'subnets with containers on this host'),
    set(
      `beside${family}`,
      [address, 'ifname'],
      [...new Set(redirects.flatMap(othersOnBridge))].sort(),
      'other subnets on the bridges of redirected networks',
    ),
    ...bypassSets(family, redirects),
    ...egressesOf(family, redirects).flatMap((way) => setsOfWay(family, way)),
    ...servedSets(family, redirects, byMark),
    ...inboundSets(family, redirects),
    ...mapsOf(family, redirects, byMark, marked),
  ];
}

/** Direct destinations of each subnet, and the subnets whose direct packets are masqueraded. */
function bypassSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const address = `ipv${family}_addr`;
  return [
    set(
      `direct${family}`,
      [address, address],
      pairs(redirects, (p) => p.direct.map(shortSubnet)),
      'direct destinations',
    ),
    set(
      `masqueraded${family}`,
      [address],
      unmerged(redirects.filter((p) => p.masqueradeDirect).flatMap((p) => p.subnets)),
      'subnets whose direct packets leave with the host’s address',
    ),
  ];
}

/** Verdict maps from a packet's source to the chain that handles it, and the sets of subnets for each bridge. */
function mapsOf(
  family: Family,
  redirects: readonly Redirect[],
  byMark: boolean,
  marked: boolean,
): DesiredObject[] {
  return [
    ...bridgeSets(family, redirects.flatMap(pairsOnBridge), 'subnets and their bridges'),
    ...quotedMaps(family, quotedSubnets(redirects, family)),
    ...(marked ? steeringMaps(family, redirects, byMark) : []),
  ];
}

/** Sets of subnets with the next hop and link of their node: another node's next hop would not reach the containers. */
function returnSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const ways = redirects.flatMap((redirect) => redirect.returnWays);
  const address = `ipv${family}_addr`;
  return lengthsOf(ways.map(({ subnet }) => subnet)).map((length) => {
    const items = ways
      .filter(({ subnet }) => prefixLength(subnet) === length)
      .map(({ subnet, ...hop }) => `${firstAddress(subnet)} . ${hopText(hop)}`);
    return wholeValues(
      subnetSetName(returnSet(family), length),
      [address, address, 'ifname'],
      [...new Set(items)].sort(),
      'next hop and link to the node of each subnet',
    );
  });
}

function setsOfWay(family: Family, way: Egress): DesiredObject[] {
  const { name, egress, routed } = way;
  return [
    ...subnetSets(family, egressSet(family, 'egress', way), egress, `packets that left by ${name}`, true),
    ...subnetSets(
      family,
      egressSet(family, 'routed', way),
      routed,
      `packets that routes sent to ${name}`,
      true,
    ),
  ];
}

function servedSets(family: Family, redirects: readonly Redirect[], byMark: boolean): DesiredObject[] {
  const usual = redirects.flatMap(({ nat, steer }) => {
    if (!nat || !steer?.only) return [];
    const why = `subnets that use gateway ${nat.gateway} unless a route says otherwise`;
    return subnetSets(family, usualSet(family, nat.gateway), steer.only, why);
  });
  return [
    ...[...servedSubnets(redirects, byMark)].flatMap(([gateway, subnets]) =>
      subnetSets(family, servedSet(family, gateway), subnets, `subnets of gateway ${gateway}`),
    ),
    ...usual,
  ];
}

function hopText({ via, device }: Hop): string {
  return `${via} . "${device}"`;
}

/** The set exists even if it is empty: a new network of another program adds an element, and no rule changes. */
function publishedSets(family: Family, subnets: readonly Subnet[] | undefined): DesiredObject[] {
  if (!subnets) return [];
  const why = 'networks of this host that are not redirected: containers reach their published ports';
  return [set(publishedSet(family), [`ipv${family}_addr`], elements(subnets), why)];
}

function isFilled(one: NftSet): boolean {
  return one.dynamic === true || one.elements.length > 0 || tellsOfOthers(one.name);
}

/** One element for each subnet, so that a subnet can be removed without its neighbour. */
function unmerged(subnets: readonly Subnet[]): string[] {
  return sortSubnets([...new Set(subnets)]).map(shortSubnet);
}

function elements(subnets: readonly Subnet[]): string[] {
  return mergeSubnets(subnets).map(shortSubnet);
}

function pairs(
  redirects: readonly Redirect[],
  others: (redirect: Redirect) => readonly (Address | string)[],
): string[] {
  const found = redirects.flatMap((redirect) =>
    steeredSubnets(redirect).flatMap((subnet) =>
      others(redirect).map((other) => `${shortSubnet(subnet)} . ${other}`),
    ),
  );
  return [...new Set(found)].sort();
}

/** A set without intervals, which is looked up by hash. */
function wholeValues(...args: Parameters<typeof set>): DesiredObject {
  const { object, why } = set(...args);
  return { object: { ...object, exact: true }, why };
}

function set(
  name: string,
  type: readonly string[],
  items: readonly string[],
  why: string,
  counted = false,
): { readonly object: NftSet; readonly why: string } {
  return { object: { kind: 'nft-set', name, type, counted, elements: items }, why };
}
