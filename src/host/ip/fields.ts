/** Fields of `ip -j -N`: they become parts of commands, so only these forms are accepted. */
import * as z from 'zod';
import { familyOf, longSubnet, parseAddress, parseSubnet } from '../../address/cidr.ts';
import { isObject } from '../../kinds/alike.ts';
import { ownProtocol } from '../../kinds/ownership.ts';

const lastNumber = 0xffffffff;

/** tables, metrics, preferences */
export const number = z.int().min(0).max(lastNumber);
/** numbers as text, in which form `ip -N` prints numbers that could have a name */
export const numberText = z
  .string()
  .regex(/^\d{1,10}$/, 'not a number')
  .refine((text) => Number(text) <= lastNumber, 'too large');
export const mark = z
  .string()
  .regex(/^(0x[\da-f]{1,8}|\d{1,10})$/, 'not a mark')
  .refine((text) => Number(text) <= lastNumber, 'too large');
/** Address, converted to canonical form: programs print an IPv4-mapped address as `::ffff:10.0.0.1`. */
export const address = z.string().transform((text, { issues }) => {
  const found = parseAddress(text);
  if (found !== undefined) return found;
  issues.push({ code: 'custom', message: 'not an address', input: text });
  return z.NEVER;
});
export const prefixLength = z.int().min(0).max(128);
/** `default` or a subnet, converted to the canonical long form: `10.89.5.7/32`. */
export const destination = z.string().transform((text, { issues }) => {
  const found = text === 'default' ? text : parseSubnet(longSubnet(text));
  if (typeof found === 'string') return found;
  issues.push({ code: 'custom', message: 'not a destination', input: text });
  return z.NEVER;
});

/** Whether a prefix length is valid for the family of an address; both are valid by themselves. */
export function fits(text: string, length: number): boolean {
  return length <= (familyOf(text) === 4 ? 32 : 128);
}

const protocol = String(ownProtocol);

/** Whether a row of `ip rule` or `ip route` is an object of ours. */
export function isOwnRow(raw: unknown): boolean {
  return isObject(raw) && raw['protocol'] === protocol;
}
