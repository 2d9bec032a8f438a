/** Fields of `ip -j -N`. What goes on from here is written into commands: nothing but these forms does. */
import * as z from 'zod';
import { familyOf, longSubnet, parseAddress, parseSubnet } from '../address/cidr.ts';

const lastNumber = 0xffffffff;

/** tables, metrics, preferences */
export const number = z.int().min(0).max(lastNumber);
/** the same in a text, as `ip -N` prints numbers that could have a name */
export const numberText = z
  .string()
  .regex(/^\d{1,10}$/, 'not a number')
  .refine((text) => Number(text) <= lastNumber, 'too large');
export const mark = z
  .string()
  .regex(/^(0x[\da-f]{1,8}|\d{1,10})$/, 'not a mark')
  .refine((text) => Number(text) <= lastNumber, 'too large');
export const address = z.string().refine((text) => parseAddress(text) !== undefined, 'not an address');
export const prefixLength = z.int().min(0).max(128);
export const destination = z
  .string()
  .refine((text) => text === 'default' || isSubnet(text), 'not a destination');

/** Whether an address and a length are one subnet; both are what they should be by themselves. */
export function fits(text: string, length: number): boolean {
  return length <= (familyOf(text) === 4 ? 32 : 128);
}

function isSubnet(text: string): boolean {
  return typeof parseSubnet(longSubnet(text)) === 'string';
}
