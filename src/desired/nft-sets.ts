/** The sets of table `inet mustredirect`. Elements are in nft's own canonical form. */
import {
  type Address,
  type Family,
  type Subnet,
  mergeSubnets,
  shortSubnet,
  sortSubnets,
  subnetOfAddress,
} from '../address/cidr.ts';
import type { Hop } from '../state/facts.ts';
import type { NftSet } from '../state/objects.ts';
import { stoppedSet } from '../state/ownership.ts';
import { type Part, type Wanted, byFamily, steeredSubnets } from './parts.ts';
import { exitsOf, exitSet } from './route-rules.ts';

/** All sets that the chains of these parts name; none is empty. */
export function nftSets(parts: readonly Part[]): Wanted[] {
  const bridges = parts.flatMap((p) => (p.bridge === undefined ? [] : [`"${p.bridge}"`]));
  return [
    ...byFamily(parts).flatMap((group) => setsOf(group.family, group.parts)),
    set(
      'bridges',
      ['ifname'],
      [...new Set(bridges)],
      'counts foreign sources on the bridges of redirected networks',
      true,
    ),
  ].filter(({ object }) => (object as NftSet).elements.length > 0);
}

function setsOf(family: Family, parts: readonly Part[]): Wanted[] {
  const address = `ipv${family}_addr`;
  const all = parts.flatMap((part) => part.subnets);
  const local = parts.filter((part) => part.local).flatMap((part) => part.subnets);
  const back = parts.flatMap((part) => part.returnHops).map(subnetOfAddress);
  return [
    set(`redirected${family}`, [address], elements(all), 'all redirected subnets'),
    set(`inside${family}`, [address], elements([...all, ...back]), 'next hops between redirected subnets'),
    set(
      `outside${family}`,
      [address, 'ifname'],
      [...new Set(parts.flatMap((part) => part.outside.map(hopText)))].sort(),
      'default routers: no way back to a redirected subnet',
    ),
    set(stoppedSet(family), [address], unmerged(all), 'counts what the guard stopped', true),
    set(`local${family}`, [address], elements(local), 'subnets whose containers are here'),
    set(
      `beside${family}`,
      [address],
      elements(parts.flatMap((part) => part.beside)),
      'subnets of others on the bridges of redirected networks',
    ),
    set(
      `direct${family}`,
      [address, address],
      pairs(parts, (p) => p.direct.map(shortSubnet)),
      'direct destinations',
    ),
    set(
      `masqueraded${family}`,
      [address],
      unmerged(parts.filter((p) => p.masqueradeDirect).flatMap((p) => p.subnets)),
      'subnets whose direct packets leave with the host’s address',
    ),
    ...ways(family, address, parts),
    ...exitSets(family, address, parts),
  ];
}

/** Where packets may leave, and what they look like there. */
function ways(family: Family, address: string, parts: readonly Part[]): Wanted[] {
  return [
    set(
      `nexthops${family}`,
      [address, address],
      pairs(parts, (p) => p.nextHops),
      'counts what left by a gateway’s next hop',
      true,
    ),
    set(
      `linkhops${family}`,
      [address, address, 'ifname'],
      pairs(parts, (p) => p.linkLocalHops.map(hopText)),
      'counts what left by a link-local next hop',
      true,
    ),
    set(
      `uplinks${family}`,
      [address, 'ifname'],
      pairs(parts, (p) => p.devices.map((device) => `"${device}"`)),
      'counts what left by an uplink',
      true,
    ),
    ...parts.flatMap((part) =>
      part.nat
        ? [
            set(
              servedSet(family, part.nat.gateway),
              [address],
              unmerged(part.subnets),
              `subnets of ${part.name}`,
            ),
          ]
        : [],
    ),
  ];
}

/** Where what routes send to a gateway may leave. */
function exitSets(family: Family, address: string, parts: readonly Part[]): Wanted[] {
  return exitsOf(parts).flatMap(({ gateway, pairs: exits }) => {
    const why = `counts what left by routes to gateway ${gateway}`;
    const elementsOf = (others: (exit: (typeof exits)[number]) => readonly string[]): string[] => {
      const found = exits.flatMap((exit) =>
        exit.subnets.flatMap((subnet) => others(exit).map((other) => `${shortSubnet(subnet)} . ${other}`)),
      );
      return [...new Set(found)].sort();
    };
    return [
      set(
        exitSet(family, 'nexthops', gateway),
        [address, address],
        elementsOf((e) => e.nextHops),
        why,
        true,
      ),
      set(
        exitSet(family, 'linkhops', gateway),
        [address, address, 'ifname'],
        elementsOf((e) => e.linkLocalHops.map(hopText)),
        why,
        true,
      ),
      set(
        exitSet(family, 'uplinks', gateway),
        [address, 'ifname'],
        elementsOf((e) => e.devices.map((device) => `"${device}"`)),
        why,
        true,
      ),
    ];
  });
}

function hopText({ via, device }: Hop): string {
  return `${via} . "${device}"`;
}

/** One element for each subnet: it can go without its neighbour. */
function unmerged(subnets: readonly Subnet[]): string[] {
  return sortSubnets([...new Set(subnets)]).map(shortSubnet);
}

function elements(subnets: readonly Subnet[]): string[] {
  return mergeSubnets(subnets).map(shortSubnet);
}

function pairs(parts: readonly Part[], others: (part: Part) => readonly (Address | string)[]): string[] {
  const found = parts.flatMap((part) =>
    steeredSubnets(part).flatMap((subnet) =>
      others(part).map((other) => `${shortSubnet(subnet)} . ${other}`),
    ),
  );
  return [...new Set(found)].sort();
}

export function servedSet(family: Family, gateway: string): string {
  return `served${family}_${gateway}`;
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
