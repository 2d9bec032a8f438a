/**
 * The hash that nftables gives a pair of addresses (`jhash ip saddr . ip daddr mod N seed S`): the kernel's jhash
 * (include/linux/jhash.h), scaled to N (`reciprocal_scale`). Words are read in the byte order of the host: little endian
 * here, which all hosts that we know of have.
 */
import { type Address, hexOfAddress } from './cidr.ts';

/** Both addresses have the same family. */
export function slotOf(source: Address, destination: Address, slots: number, seed: number): number {
  const bytes = [source, destination].flatMap(bytesOf);
  return Math.floor((jhash(bytes, seed) * slots) / 2 ** 32);
}

function bytesOf(address: Address): number[] {
  const digits = hexOfAddress(address).slice(2);
  const whole = digits.padStart(address.includes(':') ? 32 : 8, '0');
  return (whole.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
}

type Words = readonly [a: number, b: number, c: number];

/** @param bytes a multiple of four */
function jhash(bytes: readonly number[], seed: number): number {
  const word = (at: number): number =>
    (bytes[at] ?? 0) +
    (bytes[at + 1] ?? 0) * 2 ** 8 +
    (bytes[at + 2] ?? 0) * 2 ** 16 +
    (bytes[at + 3] ?? 0) * 2 ** 24;
  const first = (0xdeadbeef + bytes.length + seed) >>> 0;
  let [a, b, c]: Words = [first, first, first];
  let at = 0;
  for (; bytes.length - at > 12; at += 12) {
    [a, b, c] = mix([a + word(at), b + word(at + 4), c + word(at + 8)]);
  }
  return final([a + word(at), b + word(at + 4), c + word(at + 8)]);
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

function mix([x, y, z]: Words): Words {
  let [a, b, c] = [x | 0, y | 0, z | 0];
  for (const bits of [
    [4, 6, 8],
    [16, 19, 4],
  ] as const) {
    a = (a - c) ^ rotate(c, bits[0]);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, bits[1]);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, bits[2]);
    b = (b + a) | 0;
  }
  return [a, b, c];
}

function final([x, y, z]: Words): number {
  let [a, b, c] = [x | 0, y | 0, z | 0];
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
