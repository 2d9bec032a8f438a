/**
 * IP addresses and subnets as canonical strings, and sets of them. `parseAddress` and `parseSubnet` validate all input;
 * the other functions trust it.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { excludeCidr, mergeCidr, normalizeCidr, parseCidr } from 'cidr-tools';
import { exclude4, merge4 } from './ipv4.ts';
import { asSet, onceForEach } from './once.ts';
import { type Range, address4, compareRanges, isSubnet4, range4, rangeOf } from './range.ts';

export type Family = 4 | 6;
export const families = [4, 6] as const satisfies readonly Family[];

/** canonical: `192.168.50.2` or `2001:db8::2` */
export type Address = string;
/** canonical, without host bits: `10.89.4.0/24` */
export type Subnet = string;

/** Canonical form of an address; undefined for any other text. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return normalizeCidr(`${text}/128`).slice(0, -'/128'.length);
}

export type SubnetProblem =
  { readonly kind: 'not-a-subnet' } | { readonly kind: 'host-bits'; readonly subnet: Subnet };

/** Canonical form of a subnet in CIDR notation; if host bits are set, the result suggests the subnet. */
export function parseSubnet(text: string): Subnet | SubnetProblem {
  // Fast path: most subnets are canonical IPv4, which this check tells five times as fast.
  if (isSubnet4(text)) return text;
  const [addressText = '', prefixText, ...rest] = text.split('/');
  const address = parseAddress(addressText);
  if (!address || prefixText === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) {
    return { kind: 'not-a-subnet' };
  }
  const prefix = Number(prefixText);
  if (prefix > (isIPv4(address) ? 32 : 128)) return { kind: 'not-a-subnet' };
  const given = `${address}/${prefix}`;
  const subnet = withoutHostBits(given);
  return subnet === given ? subnet : { kind: 'host-bits', subnet };
}

export function familyOf(addressOrSubnet: Address | Subnet): Family {
  return addressOrSubnet.includes(':') ? 6 : 4;
}

/** Subnet of all addresses of a family. */
export const anywhere: Readonly<Record<Family, Subnet>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** Prefix length of a single address. */
export function fullPrefixLength(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Whether an address or subnet is link-local, and thus ambiguous without a link: IPv6 in fe80::/10. */
export function isLinkLocal(text: Address | Subnet): boolean {
  return familyOf(text) === 6 && contains('fe80::/10', text);
}

/** The same of an address with a prefix length, as devices have it: `fe80::1/64`. */
export function isLinkLocalPrefix(prefix: string): boolean {
  return isLinkLocal(prefix.split('/')[0] ?? '');
}

export function prefixLength(subnet: Subnet): number {
  return Number(subnet.slice(subnet.indexOf('/') + 1));
}

/** Those of a list, each once, in ascending order. */
export const prefixLengths = onceForEach((subnets: readonly Subnet[]): readonly number[] =>
  [...new Set(subnets.map(prefixLength))].sort((a, b) => a - b),
);

/** Mask that cuts an address to a prefix length: `255.255.255.0`, `ffff:ffff:ffff:ffff::`. */
export function prefixMask(family: Family, length: number): Address {
  const ones = family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  return withoutHostBits(`${ones}/${length}`).split('/')[0] ?? '';
}

/** Subnet of an address with prefix length: `10.89.4.1/24` -> `10.89.4.0/24`. */
export function withoutHostBits(prefix: string): Subnet {
  if (familyOf(prefix) === 6) return normalizeCidr(prefix);
  return `${address4(range4(prefix).start)}${prefix.slice(prefix.indexOf('/'))}`;
}

/** Subnet of a single address. */
export function subnetOfAddress(address: Address): Subnet {
  return `${address}/${fullPrefixLength(familyOf(address))}`;
}

/** Subnet as nft and iproute2 print it: a single address is printed without prefix length. */
export function shortSubnet(subnet: Subnet): Subnet | Address {
  const [address = '', length] = subnet.split('/');
  return Number(length) === fullPrefixLength(familyOf(subnet)) ? address : subnet;
}

/** Inverse of `shortSubnet`. */
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
  const [outer, within] = [rangeOf(subnet), rangeOf(inner)];
  return outer.version === within.version && outer.start <= within.start && within.end <= outer.end;
}

/** Inner one of two nested subnets. */
export function narrower(a: Subnet, b: Subnet): Subnet {
  return prefixLength(a) < prefixLength(b) ? b : a;
}

/** Whether two lists have the same subnets in any order. */
export function sameSubnets(a: readonly Subnet[], b: readonly Subnet[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

/** Smallest set of subnets with exactly the same addresses, ascending. */
export const mergeSubnets = onceForEach((subnets: readonly Subnet[]): readonly Subnet[] => {
  const [four, six] = splitByFamily(subnets);
  return six.length > 0 ? [...merge4(four), ...sortSubnets(mergeCidr(six))] : merge4(four);
});

/** Subnets without the addresses of others. */
export function excludeSubnets(subnets: readonly Subnet[], others: readonly Subnet[]): Subnet[] {
  const known = asSet(others);
  const [four, six] = splitByFamily(subnets.filter((subnet) => !known.has(subnet)));
  if (four.length + six.length === 0) return [];
  const [otherFour, otherSix] = splitByFamily(others);
  return [...exclude4(four, otherFour), ...(six.length > 0 ? sortSubnets(excludeCidr(six, otherSix)) : [])];
}

function splitByFamily(subnets: readonly Subnet[]): [four: readonly Subnet[], six: Subnet[]] {
  const six = subnets.filter((subnet) => familyOf(subnet) === 6);
  return [six.length === 0 ? subnets : subnets.filter((subnet) => familyOf(subnet) === 4), six];
}

/** Merged subnets, each with the items that it consists of: one pass over both, in order. */
export function groupMerged<T extends { readonly subnet: Subnet }>(
  items: readonly T[],
): { readonly merged: Subnet; readonly items: T[] }[] {
  const merged = mergeSubnets(items.map(({ subnet }) => subnet)).map((subnet) => withRange(subnet, subnet));
  const groups = merged.map(({ item }) => ({ merged: item, items: [] as T[] }));
  let at = 0;
  const inOrder = items.map((item) => withRange(item, item.subnet)).sort(compareByRange);
  for (const { item, range } of inOrder) {
    while (at < merged.length && isBefore(merged[at]?.range, range)) at += 1;
    groups[at]?.items.push(item);
  }
  return groups;
}

/** Sorts by family, first address, then widest first. */
export const sortSubnets = onceForEach((subnets: readonly Subnet[]): readonly Subnet[] =>
  subnets
    .map((subnet) => withRange(subnet, subnet))
    .sort(compareByRange)
    .map(({ item }) => item),
);

/** The same without duplicates. */
export const sortUniqueSubnets = onceForEach((subnets: readonly Subnet[]): readonly Subnet[] => {
  const unique = new Set(subnets);
  return sortSubnets(unique.size === subnets.length ? subnets : [...unique]);
});

/** First pair of each overlap; sorts once, so that it is fast for 10,000 subnets. */
export function findOverlaps<T extends { readonly subnet: Subnet }>(items: readonly T[]): [T, T][] {
  const sorted = items.map((item) => withRange(item, item.subnet)).sort(compareByRange);
  const found: [T, T][] = [];
  let widest = sorted[0];
  for (const next of sorted.slice(1)) {
    if (!widest) break;
    const overlap = widest.range.version === next.range.version && next.range.start <= widest.range.end;
    if (overlap) found.push([widest.item, next.item]);
    if (!overlap || next.range.end > widest.range.end) widest = next;
  }
  return found;
}

/** First usable address of a subnet, which engines give their bridge. */
export function firstUsable(subnet: Subnet): Address {
  const { start, end, version } = parseCidr(subnet);
  return addressOfNumber(start < end ? start + 1n : start, version);
}

/** Other address in a network of two: `172.31.0.1/30` -> `172.31.0.2`. Undefined in other networks. */
export function otherAddress(prefix: string): Address | undefined {
  const own = parseCidr(subnetOfAddress(prefix.split('/')[0] ?? '')).start;
  const { start, end, version } = parseCidr(withoutHostBits(prefix));
  // A subnet of four addresses has two ends: the first address is the network's or its routers', the last is for broadcasts.
  const isOfTwo = end - start === 1n || (end - start === 3n && own > start && own < end);
  return isOfTwo ? addressOfNumber(start + end - own, version) : undefined;
}

/** Address of another host in the network of this one, next to it: `172.31.0.1/24` -> `172.31.0.2`. Undefined in a network of one. */
export function nextAddress(prefix: string): Address | undefined {
  const only = otherAddress(prefix);
  if (only !== undefined) return only;
  const own = parseCidr(subnetOfAddress(prefix.split('/')[0] ?? '')).start;
  const { start, end, version } = parseCidr(withoutHostBits(prefix));
  if (end - start < 4n) return undefined;
  return addressOfNumber(own + 1n < end ? own + 1n : own - 1n, version);
}

/** Address as a hexadecimal number, as nft prints a raw packet field: `0xa590400`. */
export function hexOfAddress(address: Address): string {
  return `0x${parseCidr(subnetOfAddress(address)).start.toString(16)}`;
}

/** Usable addresses of a subnet in descending order: engines assign the first ones. */
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

interface WithRange<T> {
  readonly item: T;
  readonly range: Range;
}

function withRange<T>(item: T, subnet: Subnet): WithRange<T> {
  return { item, range: rangeOf(subnet) };
}

function compareByRange(a: WithRange<unknown>, b: WithRange<unknown>): number {
  return compareRanges(a.range, b.range);
}

function isBefore(a: Range | undefined, b: Range): boolean {
  return a !== undefined && (a.version < b.version || (a.version === b.version && a.end < b.start));
}
