/**
 * IP addresses and subnets as canonical strings, and sets of them.
 * Everything that comes in is checked by `parseAddress` and `parseSubnet` first: the arithmetic below
 * them trusts its input.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { excludeCidr, mergeCidr, normalizeCidr, parseCidr } from 'cidr-tools';
import { exclude4, merge4 } from './ipv4.ts';
import { type Range, address4, compareRanges, isSubnet4, range4, rangeOf } from './range.ts';

export type Family = 4 | 6;
export const families = [4, 6] as const satisfies readonly Family[];

/** `192.168.50.2` or `2001:db8::2`, canonical */
export type Address = string;
/** `10.89.4.0/24`, no host bits, canonical */
export type Subnet = string;

/** Canonical form of an address, or nothing when the text is none. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return normalizeCidr(`${text}/128`).slice(0, -'/128'.length);
}

export type SubnetProblem =
  { readonly kind: 'not-a-subnet' } | { readonly kind: 'host-bits'; readonly subnet: Subnet };

/** Canonical form of a subnet in CIDR notation; says which subnet was meant when host bits are set. */
export function parseSubnet(text: string): Subnet | SubnetProblem {
  // Most are right, and that is seen five times as fast.
  if (isSubnet4(text)) return text;
  const [addressText = '', prefixText, ...rest] = text.split('/');
  const address = parseAddress(addressText);
  if (!address || prefixText === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) {
    return { kind: 'not-a-subnet' };
  }
  const prefix = Number(prefixText);
  if (prefix > (isIPv4(address) ? 32 : 128)) return { kind: 'not-a-subnet' };
  const given = `${address}/${prefix}`;
  const subnet = subnetAround(given);
  return subnet === given ? subnet : { kind: 'host-bits', subnet };
}

export function familyOf(addressOrSubnet: Address | Subnet): Family {
  return addressOrSubnet.includes(':') ? 6 : 4;
}

/** All addresses of a family. */
export const anywhere: Readonly<Record<Family, Subnet>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** The prefix length of a single address. */
export function wholeLength(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Whether an address, or a subnet, says nothing without its link: of IPv6, inside of fe80::/10. */
export function isLinkLocal(text: Address | Subnet): boolean {
  return familyOf(text) === 6 && contains('fe80::/10', text);
}

export function prefixLength(subnet: Subnet): number {
  return Number(subnet.slice(subnet.indexOf('/') + 1));
}

/** What cuts an address to a prefix length: `255.255.255.0`, `ffff:ffff:ffff:ffff::`. */
export function prefixMask(family: Family, length: number): Address {
  const ones = family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  return subnetAround(`${ones}/${length}`).split('/')[0] ?? '';
}

/** The subnet that an address with its prefix length lies in: `10.89.4.1/24` -> `10.89.4.0/24`. */
export function subnetAround(prefix: string): Subnet {
  if (familyOf(prefix) === 6) return normalizeCidr(prefix);
  return `${address4(range4(prefix).start)}${prefix.slice(prefix.indexOf('/'))}`;
}

/** The subnet of one address. */
export function subnetOfAddress(address: Address): Subnet {
  return `${address}/${wholeLength(familyOf(address))}`;
}

/** A subnet as nft and iproute2 print it: one of a single address is that address. */
export function shortSubnet(subnet: Subnet): Subnet | Address {
  const [address = '', length] = subnet.split('/');
  return Number(length) === wholeLength(familyOf(subnet)) ? address : subnet;
}

/** The other way round. */
export function longSubnet(text: Subnet | Address): Subnet {
  return text.includes('/') ? text : subnetOfAddress(text);
}

/** Whether two subnets share an address. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  return one.version === other.version && one.start <= other.end && other.start <= one.end;
}

/** Whether an address or a whole subnet lies inside a subnet. */
export function contains(subnet: Subnet, inner: Address | Subnet): boolean {
  const [outside, inside] = [rangeOf(subnet), rangeOf(inner)];
  return outside.version === inside.version && outside.start <= inside.start && inside.end <= outside.end;
}

/** Whether two lists name the same subnets, in whatever order. */
export function sameSubnets(a: readonly Subnet[], b: readonly Subnet[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

/** The smallest set of subnets that holds exactly the same addresses, in ascending order. */
export function mergeSubnets(subnets: readonly Subnet[]): Subnet[] {
  const [four, six] = partByFamily(subnets);
  return [...merge4(four), ...(six.length > 0 ? sortSubnets(mergeCidr(six)) : [])];
}

/** What is left of some subnets without the addresses of others. */
export function excludeSubnets(subnets: readonly Subnet[], others: readonly Subnet[]): Subnet[] {
  const [four, six] = partByFamily(subnets);
  const [otherFour, otherSix] = partByFamily(others);
  return [...exclude4(four, otherFour), ...(six.length > 0 ? sortSubnets(excludeCidr(six, otherSix)) : [])];
}

function partByFamily(subnets: readonly Subnet[]): [four: Subnet[], six: Subnet[]] {
  const six = subnets.filter((subnet) => familyOf(subnet) === 6);
  return [six.length === 0 ? [...subnets] : subnets.filter((subnet) => familyOf(subnet) === 4), six];
}

/** The merged subnets, each with the items whose subnets it is made of: one pass over both, in order. */
export function groupMerged<T extends { readonly subnet: Subnet }>(
  items: readonly T[],
): { readonly merged: Subnet; readonly items: T[] }[] {
  const merged = mergeSubnets(items.map(({ subnet }) => subnet)).map((subnet) => parsedWith(subnet, subnet));
  const groups = merged.map(({ item }) => ({ merged: item, items: [] as T[] }));
  let at = 0;
  const inOrder = items.map((item) => parsedWith(item, item.subnet)).sort(compareWhere);
  for (const { item, parsed } of inOrder) {
    while (at < merged.length && isBefore(merged[at]?.parsed, parsed)) at += 1;
    groups[at]?.items.push(item);
  }
  return groups;
}

/** Ascending by family, first address, then longest last. */
export function sortSubnets(subnets: readonly Subnet[]): Subnet[] {
  return subnets
    .map((subnet) => parsedWith(subnet, subnet))
    .sort(compareWhere)
    .map(({ item }) => item);
}

/** First pair of each overlap in a list of any length: sorted once, so that 10,000 subnets stay cheap. */
export function findOverlaps<T extends { readonly subnet: Subnet }>(items: readonly T[]): [T, T][] {
  const sorted = items.map((item) => parsedWith(item, item.subnet)).sort(compareWhere);
  const found: [T, T][] = [];
  let widest = sorted[0];
  for (const next of sorted.slice(1)) {
    if (!widest) break;
    const overlap = widest.parsed.version === next.parsed.version && next.parsed.start <= widest.parsed.end;
    if (overlap) found.push([widest.item, next.item]);
    if (!overlap || next.parsed.end > widest.parsed.end) widest = next;
  }
  return found;
}

/** The first usable address of a subnet: the one that an engine gives its bridge. */
export function firstAddress(subnet: Subnet): Address {
  const { start, end, version } = parseCidr(subnet);
  return addressOfNumber(start < end ? start + 1n : start, version);
}

/** An address as a number in hexadecimal, as nft prints a raw field of a packet: `0xa590400`. */
export function hexOfAddress(address: Address): string {
  return `0x${parseCidr(subnetOfAddress(address)).start.toString(16)}`;
}

/** Addresses of a subnet from the last usable one down: an engine hands out the first ones. */
export function* addressesFromTop(subnet: Subnet): Generator<Address> {
  const { start, end, version } = parseCidr(subnet);
  for (let at = end - 1n; at > start; at -= 1n) yield addressOfNumber(at, version);
}

function addressOfNumber(value: bigint, family: Family): Address {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  return normalizeCidr(`${groups.join(':')}/128`).slice(0, -'/128'.length);
}

interface ParsedWith<T> {
  readonly item: T;
  readonly parsed: Range;
}

function parsedWith<T>(item: T, subnet: Subnet): ParsedWith<T> {
  return { item, parsed: rangeOf(subnet) };
}

function compareWhere(a: ParsedWith<unknown>, b: ParsedWith<unknown>): number {
  return compareRanges(a.parsed, b.parsed);
}

function isBefore(a: Range | undefined, b: Range): boolean {
  return a !== undefined && (a.version < b.version || (a.version === b.version && a.end < b.start));
}
