/** Addresses as bytes, as the kernel gives them. */
import type { Address } from './cidr.ts';

/** Address of 4 or 16 bytes, in canonical form: RFC 5952. */
export function addressOfBytes(bytes: Buffer, from: number, to: number): Address {
  if (to - from === 4) return `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`;
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(from + 2 * i));
  const { at, length } = longestZeros(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, at))}::${text(groups.slice(at + length))}`;
}

/** The first one of the longest. */
function longestZeros(groups: readonly number[]): { readonly at: number; readonly length: number } {
  let found = { at: 0, length: 0 };
  for (let at = 0; at < groups.length; at += 1) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > found.length) found = { at, length };
  }
  return found;
}
