/** Address arithmetic with memoised parsing: the path of a packet needs the same few addresses again and again. */
import { type Family, familyOf, parseSubnet, subnetOfAddress } from '../../src/address/cidr.ts';
import { remember } from './remember.ts';
import { unknownToFake } from './state.ts';

/** IPv4 as numbers, which are fast; IPv6 as bigints. */
interface Range {
  readonly family: Family;
  readonly first: number | bigint;
  readonly last: number | bigint;
}

/** @param subnet subnet or single address */
export function inSubnet(subnet: string, address: string): boolean {
  const range = rangeOf(subnet);
  const at = rangeOf(address);
  return range.family === at.family && range.first <= at.first && at.first <= range.last;
}

/** Whether two subnets or addresses share an address. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** @returns prefix length; 0 for `default` */
export const lengthOf = remember((subnet: string): number => {
  if (subnet === 'default') return 0;
  return Number(subnet.split('/')[1] ?? widthOf(familyOf(subnet)));
});

/** Last address of a subnet, as text that sorts like the addresses. */
export const lastOf = remember((subnet: string): string =>
  rangeOf(subnet).last.toString(16).padStart(32, '0'),
);

export function widthOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

const rangeOf = remember((text: string): Range => {
  const subnet = text.includes('/') ? text : subnetOfAddress(text);
  if (typeof parseSubnet(subnet) !== 'string') return unknownToFake(`subnet ${text}`);
  const [address = '', length = ''] = subnet.split('/');
  return familyOf(subnet) === 4 ? range4(address, Number(length)) : range6(address, Number(length));
});

function range4(address: string, length: number): Range {
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { family: 4, first, last: first + 2 ** (32 - length) - 1 };
}

function range6(address: string, length: number): Range {
  const [head = [], tail = []] = address
    .split('::')
    .map((side) => side.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...tail];
  const first = groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
  return { family: 6, first, last: first + (1n << BigInt(128 - length)) - 1n };
}
