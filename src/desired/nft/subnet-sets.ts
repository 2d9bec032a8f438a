/**
 * Sets of subnets that every packet is asked for: one for each prefix length, of their first addresses. A packet's address is
 * cut to the length and found by its hash, which costs the same whatever the set holds; an interval costs more the more
 * there are [measured: docs/performance.md].
 */
import {
  type Family,
  type Subnet,
  hexOfAddress,
  prefixMask,
  sortSubnets,
  wholeLength,
} from '../../address/cidr.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import {
  quotedDestination,
  quotedMap,
  redirectedSet,
  subnetSetName,
} from '../../kinds/nft-table/set-name.ts';
import { word } from './word.ts';
import type { Redirect, DesiredObject } from '../redirect.ts';

export type Field = keyof ReturnType<typeof fieldTexts>;

/** The prefix lengths of some subnets, each once. */
export function lengthsOf(subnets: readonly Subnet[]): number[] {
  return [...new Set(subnets.map(lengthOf))].sort((a, b) => a - b);
}

/** Says that a field is in a redirected subnet, one text for each prefix length. */
export function isRedirected(family: Family, field: Field, redirects: readonly Redirect[]): string[] {
  return anyOf(family, field, redirectedSet(family), redirectedLengths(redirects));
}

/** Says that a field is in none of them. */
export function isNotRedirected(family: Family, field: Field, redirects: readonly Redirect[]): string {
  return noneOf(family, field, redirectedSet(family), redirectedLengths(redirects));
}

export function redirectedLengths(redirects: readonly Redirect[]): number[] {
  return lengthsOf(redirects.flatMap(({ subnets }) => subnets));
}

/** The sets of a name; none is empty. */
export function subnetSets(
  family: Family,
  name: string,
  subnets: readonly Subnet[],
  why: string,
  counted = false,
): DesiredObject[] {
  return elementSets(
    family,
    name,
    sortSubnets([...new Set(subnets)]).map((subnet) => ({ subnet, text: firstAddress(subnet) })),
    { counted, why },
  );
}

/** The same as maps, each subnet with the chain that it leads to. */
export function subnetMaps(
  family: Family,
  name: string,
  chains: ReadonlyMap<Subnet, string>,
  why: string,
): DesiredObject[] {
  const elements = sortSubnets([...chains.keys()]).map((subnet) => ({
    subnet,
    text: `${firstAddress(subnet)} : goto ${chains.get(subnet) ?? ''}`,
  }));
  return elementSets(family, name, elements, { counted: false, why, verdicts: true });
}

/** A subnet and the bridge that its packets come in by. */
export interface OnBridge {
  readonly subnet: Subnet;
  readonly bridge: string;
}

/** Sets of subnets, each with its bridge. */
export function bridgeSets(family: Family, pairs: readonly OnBridge[], why: string): DesiredObject[] {
  const elements = pairs.map((pair) => ({ subnet: pair.subnet, text: pairText(pair) }));
  return elementSets(family, ownSet(family), elements, { counted: false, why, bridged: true });
}

/** Maps of subnets, each with its bridge, to the chains that they lead to. */
export function bridgeMaps(
  family: Family,
  pairs: readonly (OnBridge & { readonly chain: string })[],
  why: string,
): DesiredObject[] {
  const elements = pairs.map((pair) => ({
    subnet: pair.subnet,
    text: `${pairText(pair)} : goto ${pair.chain}`,
  }));
  return elementSets(family, bridgedMap(family), elements, {
    counted: false,
    why,
    bridged: true,
    verdicts: true,
  });
}

function pairText({ subnet, bridge }: OnBridge): string {
  return `${firstAddress(subnet)} . "${bridge}"`;
}

function ownSet(family: Family): string {
  return `own${family}`;
}

function bridgedMap(family: Family): string {
  return `bridged${family}`;
}

/** Leads to the chains of the subnets of the bridge that a packet comes in by. */
export function leadByBridge(family: Family, lengths: readonly number[]): string[] {
  return lengths.map(
    (length) =>
      `${fieldOf(family, 'source', length)} . iifname vmap @${subnetSetName(bridgedMap(family), length)}`,
  );
}

/** Says that an address is one of the network whose bridge a packet comes in by, one text for each prefix length. */
export function isOfBridge(family: Family, field: Field, lengths: readonly number[]): string[] {
  return lengths.map(
    (length) => `${fieldOf(family, field, length)} . iifname @${subnetSetName(ownSet(family), length)}`,
  );
}

/** Says that it is of no network of that bridge. */
export function isNotOfBridge(family: Family, field: Field, lengths: readonly number[]): string {
  return lengths
    .map(
      (length) => `${fieldOf(family, field, length)} . iifname != @${subnetSetName(ownSet(family), length)}`,
    )
    .join(' ');
}

/** A subnet, and the chain that an ICMP error about a packet to it is led to. */
export interface Quoted {
  readonly subnet: Subnet;
  readonly chain: string;
}

export function quotedMaps(family: Family, quoted: readonly Quoted[]): DesiredObject[] {
  const elements = quoted.map(({ subnet, chain }) => ({
    subnet,
    text: `${hexOfAddress(firstAddress(subnet))} : goto ${chain}`,
  }));
  const why = 'chain for ICMP errors about packets to each subnet';
  return elementSets(family, quotedMap(family), elements, { counted: false, why, verdicts: true, raw: true });
}

export function quotedLeads(family: Family, lengths: readonly number[]): string[] {
  return lengths.map((length) => {
    const mask = length === wholeLength(family) ? '' : ` & ${hexOfAddress(prefixMask(family, length))}`;
    return `${quotedDestination[family]}${mask} vmap @${subnetSetName(quotedMap(family), length)}`;
  });
}

function elementSets(
  family: Family,
  name: string,
  elements: readonly { readonly subnet: Subnet; readonly text: string }[],
  {
    why,
    counted,
    verdicts,
    bridged,
    raw,
  }: {
    readonly why: string;
    readonly counted: boolean;
    readonly verdicts?: true;
    readonly bridged?: true;
    readonly raw?: true;
  },
): DesiredObject[] {
  const address = raw ? 'integer' : `ipv${family}_addr`;
  // Each once: two networks of the file may claim one subnet of a bridge.
  const byLength = new Map<number, Set<string>>();
  for (const { subnet, text } of elements) {
    const some = byLength.get(lengthOf(subnet));
    if (some) some.add(text);
    else byLength.set(lengthOf(subnet), new Set([text]));
  }
  return [...byLength].map(([length, some]) => ({
    object: {
      kind: 'nft-set',
      name: subnetSetName(name, length),
      exact: true,
      ...(verdicts ? { verdicts } : {}),
      type: [address, ...(bridged ? ['ifname'] : [])],
      counted,
      elements: [...some],
    } satisfies NftSet,
    why,
  }));
}

/** One text for each length: any of them says that an address is in one of the subnets. */
export function anyOf(family: Family, field: Field, name: string, lengths: readonly number[]): string[] {
  return lengths.map((length) =>
    length === wholeLength(family)
      ? `${fieldText(family, field)} @${subnetSetName(name, length)}`
      : `${fieldOf(family, field, length)} == @${subnetSetName(name, length)}`,
  );
}

/** Says that an address is in none of them. */
function noneOf(family: Family, field: Field, name: string, lengths: readonly number[]): string {
  return lengths
    .map((length) => `${fieldOf(family, field, length)} != @${subnetSetName(name, length)}`)
    .join(' ');
}

/** Leads to the chains of a map. */
export function leadBy(family: Family, field: Field, name: string, lengths: readonly number[]): string[] {
  return lengths.map((length) => `${fieldOf(family, field, length)} vmap @${subnetSetName(name, length)}`);
}

/** The first address of the subnet of a length that a field is in. */
export function fieldOf(family: Family, field: Field, length: number): string {
  const text = fieldText(family, field);
  return length === wholeLength(family) ? text : `${text} & ${prefixMask(family, length)}`;
}

function fieldText(family: Family, field: Field): string {
  return fieldTexts(word(family))[field];
}

function fieldTexts(ip: 'ip' | 'ip6') {
  return {
    source: `${ip} saddr`,
    destination: `${ip} daddr`,
    'original source': `ct original ${ip} saddr`,
  };
}

function lengthOf(subnet: Subnet): number {
  return Number(subnet.slice(subnet.indexOf('/') + 1));
}

export function firstAddress(subnet: Subnet): string {
  return subnet.slice(0, subnet.indexOf('/'));
}
