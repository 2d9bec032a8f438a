/**
 * Subnets as ranges of numbers. IPv4 uses plain numbers, ten times as fast as bigints: a gateway may have ten thousand
 * subnets, each of which is compared many times.
 */
import { parseCidr } from 'cidr-tools';

export interface Range {
  readonly version: 4 | 6;
  /** first and last address; both of the same type for one version */
  readonly start: number | bigint;
  readonly end: number | bigint;
}

/** @param text address or subnet */
export function rangeOf(text: string): Range {
  if (!text.includes(':')) return range4(text);
  const { start, end } = parseCidr(text);
  return { version: 6, start, end };
}

/** @param text IPv4 address, or subnet, which may have host bits set */
export function range4(text: string): Range & { readonly start: number; readonly end: number } {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const size = slash < 0 ? 1 : 2 ** (32 - Number(text.slice(slash + 1)));
  const number = numberOf(address);
  const start = number - (number % size);
  return { version: 4, start, end: start + size - 1 };
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const pattern4 = new RegExp(`^${octet}(?:\\.${octet}){3}/(?:3[0-2]|[12]?\\d)$`);

/** Whether a text is a canonical IPv4 subnet: no leading zeros, no host bits. */
export function isSubnet4(text: string): boolean {
  if (!pattern4.test(text)) return false;
  const slash = text.indexOf('/');
  return numberOf(text.slice(0, slash)) % 2 ** (32 - Number(text.slice(slash + 1))) === 0;
}

/** Smallest list of subnets with the addresses from the first to the last. */
export function subnets4(start: number, end: number): string[] {
  const found: string[] = [];
  for (let at = start; at <= end;) {
    let length = 32;
    let size = 1;
    // Doubles the size while the subnet stays aligned and inside the range.
    while (length > 0 && at % (size * 2) === 0 && at + size * 2 - 1 <= end) {
      size *= 2;
      length -= 1;
    }
    found.push(`${address4(at)}/${length}`);
    at += size;
  }
  return found;
}

export function address4(number: number): string {
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

const [dot, zero] = [0x2e, 0x30];

function numberOf(address: string): number {
  let number = 0;
  let part = 0;
  for (let at = 0; at < address.length; at += 1) {
    const code = address.charCodeAt(at);
    if (code !== dot) {
      part = part * 10 + code - zero;
      continue;
    }
    number = number * 256 + part;
    part = 0;
  }
  return number * 256 + part;
}

/** Sorts by family, first address, then widest first. */
export function compareRanges(a: Range, b: Range): number {
  if (a.version !== b.version) return a.version - b.version;
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  if (a.end !== b.end) return a.end > b.end ? -1 : 1;
  return 0;
}
