/** Netlink messages and their attributes, as linux/netlink.h lays them out. Pure. */
import { endianness } from 'node:os';

export interface Message {
  /** of the subsystem in the upper byte; below 16: of netlink itself */
  readonly type: number;
  /** after the header */
  readonly body: Buffer;
}

/** Lengths and types are in the byte order of the machine. */
const little = endianness() === 'LE';
const read16 = (bytes: Buffer, at: number): number =>
  little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
const read32 = (bytes: Buffer, at: number): number =>
  little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);

const headLength = 16;
/** bytes: a message of conntrack has some hundreds */
const longest = 1024 * 1024;

/** Messages follow each other without a gap, each a multiple of four bytes long. */
const aligned = (length: number): number => (length + 3) & ~3;

/**
 * Cuts a stream of bytes into messages.
 *
 * @returns a function that takes the next bytes and returns the messages that are complete; it throws at bytes that are no
 *   netlink message
 */
export function messageReader(): (chunk: Buffer) => Message[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: Message[] = [];
    let at = 0;
    while (bytes.length - at >= headLength) {
      const length = read32(bytes, at);
      if (length < headLength || length > longest) throw new Error(`a netlink message of ${length} bytes`);
      if (bytes.length - at < aligned(length)) break;
      messages.push({ type: read16(bytes, at + 4), body: bytes.subarray(at + headLength, at + length) });
      at += aligned(length);
    }
    rest = bytes.subarray(at);
    return messages;
  };
}

/** Without the flags "nested" and "in network byte order". */
const typeMask = 0x3fff;

/**
 * Calls back with each attribute between two places.
 *
 * @param onAttribute type, and where its value begins and ends
 */
export function eachAttribute(
  bytes: Buffer,
  from: number,
  to: number,
  onAttribute: (type: number, from: number, to: number) => void,
): void {
  for (let at = from; at + 4 <= to;) {
    const length = read16(bytes, at);
    if (length < 4 || at + length > to) return;
    onAttribute(read16(bytes, at + 2) & typeMask, at + 4, at + length);
    at += aligned(length);
  }
}

/** A number in the byte order of the machine as `\000` escapes, as printf(1) takes it. */
export function printfNumber(value: number, bytes: 2 | 4): string {
  return orderedBytes(value, bytes)
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
}

/** A number in the byte order of the machine as digits in base 16. */
export function hexNumber(value: number, bytes: 2 | 4): string {
  return orderedBytes(value, bytes)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

function orderedBytes(value: number, bytes: 2 | 4): number[] {
  const low = Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 255);
  return little ? low : low.reverse();
}
