/** IPv4 arithmetic in numbers, each text read once: a packet's way asks about the same few again and again. */
import { parseSubnet } from '../../src/address/cidr.ts';
import { remember } from './remember.ts';
import { unknownToFake } from './state.ts';

interface Range {
  readonly first: number;
  readonly last: number;
}

/** @param subnet also one address */
export function inSubnet(subnet: string, address: string): boolean {
  const { first, last } = rangeOf(subnet);
  const at = rangeOf(address).first;
  return first <= at && at <= last;
}

/** Whether two subnets or addresses share an address. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  return one.first <= other.last && other.first <= one.last;
}

/** @returns 0 for `default` */
export const lengthOf = remember((subnet: string): number =>
  subnet === 'default' ? 0 : Number(subnet.split('/')[1] ?? 32),
);

const rangeOf = remember((text: string): Range => {
  const subnet = text === 'default' ? '0.0.0.0/0' : text.includes('/') ? text : `${text}/32`;
  if (typeof parseSubnet(subnet) !== 'string' || subnet.includes(':')) return unknownToFake(`subnet ${text}`);
  const [address = '', length = ''] = subnet.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first, last: first + 2 ** (32 - Number(length)) - 1 };
});
