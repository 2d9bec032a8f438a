/** Sets of table `inet mustredirect`. Elements have nft's canonical form. */
import {
  type Family,
  type Subnet,
  families,
  mergeSubnets,
  prefixLength,
  shortSubnet,
  sortUniqueSubnets,
} from '../../address/cidr.ts';
import type { Hop } from '../../state/facts.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import { localSet, publishedSet, redirectedSet, describesOthers } from '../../kinds/nft-table/set-name.ts';
import { balanceMaps } from './balance.ts';
import { inboundSets } from './inbound.ts';
import { droppedSets } from './drop.ts';
import { quotedMaps } from './host-errors.ts';
import {
  type NodeRedirect,
  type Redirect,
  type DesiredObject,
  bridgesOf,
  isBridged,
  isMember,
  isNode,
  returnPathsIn,
  subnetsOf,
} from '../redirect.ts';
import type { PublishedSubnets } from '../engines/bridge.ts';
import { isMarked } from './marks.ts';
import type { SteeredFamily } from '../routing/steering-kind.ts';
import { bridgeSets, otherSubnetElements } from './on-bridge.ts';
import { steeringMaps } from './steering-maps.ts';
import { splitByLength, subnetSets } from './subnet-sets.ts';
import {
  type Egress,
  returnSet,
  servedSet,
  servedSubnets,
  defaultSubnetsSet,
  egressSet,
  egressesOf,
} from '../routing/egress.ts';

/** All sets that chains use. Sets are only empty if nft rules or other programs' networks fill them. */
export function nftSets(groups: readonly SteeredFamily[], published: PublishedSubnets): DesiredObject[] {
  const redirects = groups.flatMap((group) => group.redirects);
  const bridges = bridgesOf(redirects).map((bridge) => `"${bridge}"`);
  const marked = isMarked(redirects);
  return [
    ...groups.flatMap((group) => [...setsOf(group), ...(marked ? steeringMaps(group) : [])]),
    ...families.flatMap((family) => publishedSets(family, published[family])),
    exactSet('bridges', ['ifname'], bridges, 'bridges of redirected networks'),
    exactSet('spoofed', ['ifname'], bridges, 'packets with a spoofed source address, by bridge', true),
    exactSet(
      'inside',
      ['ifname', 'ifname'],
      bridges.map((bridge) => `${bridge} . ${bridge}`),
      'frames between ports of one bridge',
    ),
  ].filter(({ object }) => isFilled(object as NftSet));
}

function setsOf({ family, redirects, steering }: SteeredFamily): DesiredObject[] {
  const address = `ipv${family}_addr`;
  return [
    ...subnetSets(family, redirectedSet(family), subnetsOf(redirects), 'all redirected subnets'),
    ...returnSets(family, redirects),
    exactSet(
      `default_routers${family}`,
      [address, 'ifname'],
      [...new Set(redirects.flatMap((redirect) => redirect.defaultRouters.map(hopText)))].sort(),
      'default routers: replies must not be routed to them',
    ),
    ...droppedSets(family, redirects),
    set(
      localSet(family),
      [address],
      elements(subnetsOf(redirects.filter(isNode))),
      'subnets with containers on this host',
    ),
    set(
      `other_subnets${family}`,
      [address, 'ifname'],
      [...new Set(redirects.filter(isBridged).flatMap(otherSubnetElements))].sort(),
      'other subnets on the bridges of redirected networks',
    ),
    ...bypassSets(family, redirects),
    ...egressesOf(family, redirects).flatMap((one) => egressSets(family, one)),
    ...servedSets(
      family,
      steering.kind === 'mark' ? redirects : redirects.filter((one) => isMember(one) && one.nat),
    ),
    ...inboundSets(family, redirects),
    ...bridgeSets(family, redirects),
    ...quotedMaps(family, redirects),
    ...balanceMaps(family, redirects),
  ];
}

function bypassSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const address = `ipv${family}_addr`;
  const networks = redirects.filter(isNode);
  return [
    set(`direct${family}`, [address, address], directPairs(networks), 'direct destinations'),
    set(
      `masqueraded${family}`,
      [address],
      unmerged(subnetsOf(networks.filter((one) => one.masqueradeDirect))),
      'subnets whose direct packets leave with the host’s address',
    ),
  ];
}

/** Each subnet has its own next hop and link: another node would not reach its containers. */
function returnSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const type = [`ipv${family}_addr`, `ipv${family}_addr`, 'ifname'];
  const paths = returnPathsIn(redirects).map(({ subnet, ...hop }) => ({ subnet, extraKey: hopText(hop) }));
  const widestFirst = paths.toSorted((a, b) => prefixLength(a.subnet) - prefixLength(b.subnet));
  return [...splitByLength(returnSet(family), widestFirst, type)].map(([name, texts]) =>
    exactSet(name, type, texts.sort(), 'next hop and link to the node of each subnet'),
  );
}

function egressSets(family: Family, one: Egress): DesiredObject[] {
  const { name, egress, routed } = one;
  const [left, sent] = [`packets that left by ${name}`, `packets that routes sent to ${name}`];
  return [
    ...subnetSets(family, egressSet(family, 'egress', one), egress, left, true),
    ...subnetSets(family, egressSet(family, 'routed', one), routed, sent, true),
  ];
}

/** Source NAT uses these sets; with steering by mark, the chain that marks replies does too. */
function servedSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const usual = redirects.filter(isMember).flatMap(({ nat, steer }) => {
    if (!nat || !steer?.defaultSubnets) return [];
    const why = `subnets that use gateway ${nat.gateway} unless a route says otherwise`;
    return subnetSets(family, defaultSubnetsSet(family, nat.gateway), steer.defaultSubnets, why);
  });
  return [
    ...[...servedSubnets(redirects)].flatMap(([gateway, subnets]) =>
      subnetSets(family, servedSet(family, gateway), subnets, `subnets of gateway ${gateway}`),
    ),
    ...usual,
  ];
}

function hopText({ via, device }: Hop): string {
  return `${via} . "${device}"`;
}

/** The set exists even if it is empty: a new network of another program then adds an element and changes no rule. */
function publishedSets(family: Family, subnets: readonly Subnet[] | undefined): DesiredObject[] {
  if (!subnets) return [];
  const why = 'networks of this host that are not redirected: containers reach their published ports';
  return [set(publishedSet(family), [`ipv${family}_addr`], elements(subnets), why)];
}

function isFilled(one: NftSet): boolean {
  return one.dynamic === true || one.elements.length > 0 || describesOthers(one.name);
}

/** Subnets are not merged, so that adjacent subnets can be removed one by one. */
function unmerged(subnets: readonly Subnet[]): string[] {
  return sortUniqueSubnets(subnets).map(shortSubnet);
}

function elements(subnets: readonly Subnet[]): string[] {
  return mergeSubnets(subnets).map(shortSubnet);
}

function directPairs(networks: readonly NodeRedirect[]): string[] {
  const found = networks.flatMap(({ subnets, direct }) =>
    subnets.flatMap((subnet) => direct.map((to) => `${shortSubnet(subnet)} . ${shortSubnet(to)}`)),
  );
  return [...new Set(found)].sort();
}

/** A set without intervals: nft looks it up by hash. */
function exactSet(...args: Parameters<typeof set>): DesiredObject {
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
