/** Addresses and checksums in packet format. */
import type { Address } from '../../../src/address/cidr.ts';

export function addressBytes(address: Address): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [before = '', after] = withoutDots(address).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((part) => parseInt(part, 16));
  const head = groups(before);
  const tail = groups(after ?? '');
  const middle = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...head, ...middle, ...tail].forEach((group, index) => bytes.writeUInt16BE(group, 2 * index));
  return bytes;
}

/** Converts `::ffff:192.0.2.1` to `::ffff:c000:201`. */
function withoutDots(address: Address): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** Checksum of RFC 1071. */
export function checksum(bytes: Buffer): number {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** @param at offset of the checksum, which is zero before */
export function withChecksum(bytes: Buffer, at: number, before: Buffer = Buffer.alloc(0)): Buffer {
  const sum = u16(checksum(Buffer.concat([before, bytes])));
  return Buffer.concat([bytes.subarray(0, at), sum, bytes.subarray(at + 2)]);
}
