/**
 * The sets and chains of table `inet mustredirect`. Texts are in nft's own canonical form, so that they can
 * be compared with what the kernel gives back.
 */
import { type Address, type Subnet, mergeSubnets, sortSubnets } from '../address/cidr.ts';
import { type NftChain, type NftSet, hex } from '../state/objects.ts';
import type { Wanted } from './desired.ts';
import type { Part } from './parts.ts';

/** after conntrack (-200) and mangle (-150, where wg-quick sets the mark of all UDP), before dstnat (-100) */
const afterMangle = -145;
/** before any filter chain of others (0), which might accept */
const beforeFilter = -1;
/** before any masquerade of others (srcnat, 100): the first NAT decision is final */
const beforeSrcnat = 90;

/** @param directBit the mark bit of packets that keep the host's own routing */
export function datapath(parts: readonly Part[], directBit: number): Wanted[] {
  if (parts.every((part) => part.subnets.length === 0)) return [];
  return [...sets(parts), ...chains(parts, directBit)];
}

function sets(parts: readonly Part[]): Wanted[] {
  const all = parts.flatMap((part) => part.subnets);
  const local = parts.filter((part) => part.local).flatMap((part) => part.subnets);
  const back = parts.flatMap((part) => part.returnHops).map((hop) => `${hop}/32`);
  return [
    set('redirected4', ['ipv4_addr'], elements(all), 'all redirected subnets'),
    set('inside4', ['ipv4_addr'], elements([...all, ...back]), 'next hops between redirected subnets'),
    set('stopped4', ['ipv4_addr'], sortSubnets(all).map(element), 'counts what the guard stopped', true),
    set('local4', ['ipv4_addr'], elements(local), 'subnets whose containers are here'),
    set(
      'direct4',
      ['ipv4_addr', 'ipv4_addr'],
      pairs(parts, (p) => p.direct.map(element)),
      'direct destinations',
    ),
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
        ? [set(servedSet(part.nat.gateway), ['ipv4_addr'], elements(part.subnets), `subnets of ${part.name}`)]
        : [],
    ),
  ].filter(({ object }) => (object as NftSet).elements.length > 0);
}

function chains(parts: readonly Part[], directBit: number): Wanted[] {
  const local = parts.some((part) => part.local);
  return [
    ...(local ? exceptionChains(parts, directBit) : []),
    chain(
      {
        name: 'forward',
        hook: { type: 'filter', hook: 'forward', priority: beforeFilter },
        rules: forwardRules(parts),
      },
      'looks at every packet that is forwarded',
    ),
    chain(
      { name: 'guard', rules: guardRules(parts, directBit) },
      'stops, and counts, what would leave by another way',
    ),
    chain(
      {
        name: 'postrouting',
        hook: { type: 'nat', hook: 'postrouting', priority: beforeSrcnat },
        rules: natRules(parts, directBit),
      },
      local
        ? 'keeps the container’s own address, before any masquerade'
        : 'the address that the outside sees',
    ),
  ];
}

function forwardRules(parts: readonly Part[]): string[] {
  const clamp = 'ip saddr @redirected4 tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu';
  return ['ip saddr @redirected4 jump guard', ...(parts.some((part) => part.nat) ? [clamp] : [])];
}

function guardRules(parts: readonly Part[], directBit: number): string[] {
  const bit = hex(directBit);
  return [
    ...(parts.some((part) => part.local) ? [`meta mark & ${bit} == ${bit} return`] : []),
    ...(parts.some((p) => p.nextHops.length > 0) ? ['ip saddr . rt ip nexthop @nexthops4 return'] : []),
    ...(parts.some((p) => p.devices.length > 0) ? ['ip saddr . oifname @uplinks4 return'] : []),
    'ip daddr @redirected4 rt ip nexthop @inside4 return',
    'ip saddr @stopped4 drop',
  ];
}

function natRules(parts: readonly Part[], directBit: number): string[] {
  const own = `ip saddr @local4 ip daddr != @redirected4 meta mark & ${hex(directBit)} == 0x0 snat ip to ip saddr`;
  return [
    ...(parts.some((part) => part.local) ? [own] : []),
    ...parts.flatMap(({ nat }) =>
      nat ? [`ip saddr @${servedSet(nat.gateway)} oifname "${nat.device}" ${nat.verdict}`] : [],
    ),
  ];
}

function exceptionChains(parts: readonly Part[], directBit: number): Wanted[] {
  const setBit = `meta mark set meta mark | ${hex(directBit)}`;
  const clearBit = `meta mark set meta mark & ${hex(0xffffffff - directBit)}`;
  return [
    chain(
      {
        name: 'prerouting',
        hook: { type: 'filter', hook: 'prerouting', priority: afterMangle },
        rules: [
          // Our bit on a packet that did not get it from us would be a way around.
          `ip saddr @redirected4 meta mark & ${hex(directBit)} == ${hex(directBit)} ${clearBit}`,
          'ip saddr @local4 ip daddr != @redirected4 jump exceptions',
        ],
      },
      'looks for exceptions before the packet is routed',
    ),
    chain(
      {
        name: 'exceptions',
        rules: [
          `ct direction reply ct status dnat ${setBit}`,
          ...(parts.some((part) => part.direct.length > 0) ? [`ip saddr . ip daddr @direct4 ${setBit}`] : []),
        ],
      },
      'answers of published ports, and direct destinations',
    ),
  ];
}

/** The element as nft prints it: a subnet of one address is that address. */
function element(subnet: Subnet): string {
  return subnet.endsWith('/32') ? subnet.slice(0, -'/32'.length) : subnet;
}

function elements(subnets: readonly Subnet[]): string[] {
  return mergeSubnets(subnets).map(element);
}

function pairs(parts: readonly Part[], others: (part: Part) => readonly (Address | string)[]): string[] {
  const found = parts.flatMap((part) =>
    part.subnets.flatMap((subnet) => others(part).map((other) => `${element(subnet)} . ${other}`)),
  );
  return [...new Set(found)].sort();
}

function servedSet(gateway: string): string {
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

function chain(object: Omit<NftChain, 'kind'>, why: string): Wanted {
  return { object: { kind: 'nft-chain', ...object }, why };
}
