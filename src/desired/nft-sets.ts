/** The sets of table `inet mustredirect`. Elements are in nft's own canonical form. */
import {
  type Address,
  type Subnet,
  mergeSubnets,
  shortSubnet,
  sortSubnets,
  subnetOfAddress,
} from '../address/cidr.ts';
import type { Hop } from '../state/facts.ts';
import type { NftSet } from '../state/objects.ts';
import { stoppedSet } from '../state/ownership.ts';
import type { Part, Wanted } from './parts.ts';

/** All sets that the chains of these parts name; none is empty. */
export function nftSets(parts: readonly Part[]): Wanted[] {
  const all = parts.flatMap((part) => part.subnets);
  const local = parts.filter((part) => part.local).flatMap((part) => part.subnets);
  const back = parts.flatMap((part) => part.returnHops).map(subnetOfAddress);
  return [
    set('redirected4', ['ipv4_addr'], elements(all), 'all redirected subnets'),
    set('inside4', ['ipv4_addr'], elements([...all, ...back]), 'next hops between redirected subnets'),
    set(
      'outside4',
      ['ipv4_addr', 'ifname'],
      [...new Set(parts.flatMap((part) => part.outside.map(hopText)))].sort(),
      'default routers: no way back to a redirected subnet',
    ),
    set(stoppedSet, ['ipv4_addr'], unmerged(all), 'counts what the guard stopped', true),
    set('local4', ['ipv4_addr'], elements(local), 'subnets whose containers are here'),
    set(
      'direct4',
      ['ipv4_addr', 'ipv4_addr'],
      pairs(parts, (p) => p.direct.map(shortSubnet)),
      'direct destinations',
    ),
    set(
      'masqueraded4',
      ['ipv4_addr'],
      unmerged(parts.filter((p) => p.masqueradeDirect).flatMap((p) => p.subnets)),
      'subnets whose direct packets leave with the host’s address',
    ),
    set(
      'bridges',
      ['ifname'],
      [...new Set(parts.flatMap((p) => (p.bridge === undefined ? [] : [`"${p.bridge}"`])))],
      'counts foreign sources on the bridges of redirected networks',
      true,
    ),
    ...ways(parts),
  ].filter(({ object }) => (object as NftSet).elements.length > 0);
}

/** Where packets may leave, and what they look like there. */
function ways(parts: readonly Part[]): Wanted[] {
  return [
    set(
      'nexthops4',
      ['ipv4_addr', 'ipv4_addr'],
      pairs(parts, (p) => p.nextHops),
      'counts what left by a gateway’s next hop',
      true,
    ),
    set(
      'uplinks4',
      ['ipv4_addr', 'ifname'],
      pairs(parts, (p) => p.devices.map((device) => `"${device}"`)),
      'counts what left by an uplink',
      true,
    ),
    ...parts.flatMap((part) =>
      part.nat
        ? [set(servedSet(part.nat.gateway), ['ipv4_addr'], unmerged(part.subnets), `subnets of ${part.name}`)]
        : [],
    ),
  ];
}

function hopText({ via, device }: Hop): string {
  return `${via} . "${device}"`;
}

/** One element for each subnet: it can go without its neighbour. */
function unmerged(subnets: readonly Subnet[]): string[] {
  return sortSubnets(subnets).map(shortSubnet);
}

function elements(subnets: readonly Subnet[]): string[] {
  return mergeSubnets(subnets).map(shortSubnet);
}

function pairs(parts: readonly Part[], others: (part: Part) => readonly (Address | string)[]): string[] {
  const found = parts.flatMap((part) =>
    part.subnets.flatMap((subnet) => others(part).map((other) => `${shortSubnet(subnet)} . ${other}`)),
  );
  return [...new Set(found)].sort();
}

export function servedSet(gateway: string): string {
  return `served4_${gateway}`;
}

function set(
  name: string,
  type: readonly string[],
  items: readonly string[],
  why: string,
  counted = false,
): Wanted {
  return { object: { kind: 'nft-set', name, type, counted, elements: items }, why };
}
