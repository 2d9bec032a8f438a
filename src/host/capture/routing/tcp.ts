/** Decodes TCP segments of BGP sessions, as far as they tell why a session does not come up. */
import { type BgpMessage, bgpMessages } from './bgp.ts';
import type { Signed } from './md5-signature.ts';

export interface TcpMessage {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags: readonly TcpFlag[];
  /** TCP MD5 (RFC 2385) */
  readonly signed?: Signed;
  /** BGP messages that begin in this segment */
  readonly bgp: readonly BgpMessage[];
}

export type TcpFlag = 'fin' | 'syn' | 'rst' | 'ack';

const flagBits: readonly (readonly [TcpFlag, number])[] = [
  ['fin', 1],
  ['syn', 2],
  ['rst', 4],
  ['ack', 16],
];

/** @param pseudo the pseudo-header of the checksum; absent: the segment is cut */
export function decodeTcp(segment: Buffer, pseudo: Buffer | undefined): TcpMessage {
  const headerLength = (segment.readUInt8(12) >> 4) * 4;
  const flags = segment.readUInt8(13);
  const digest = digestIn(segment.subarray(20, headerLength));
  return {
    kind: 'tcp',
    sourcePort: segment.readUInt16BE(0),
    destinationPort: segment.readUInt16BE(2),
    flags: flagBits.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name),
    ...(digest
      ? { signed: { digest, covered: pseudo ? coveredOf(segment, headerLength, pseudo) : Buffer.alloc(0) } }
      : {}),
    bgp: bgpMessages(segment.subarray(headerLength)),
  };
}

/** The digest covers neither the options nor the checksum. */
function coveredOf(segment: Buffer, headerLength: number, pseudo: Buffer): Buffer {
  const header = Buffer.from(segment.subarray(0, 20));
  header.writeUInt16BE(0, 16);
  return Buffer.concat([pseudo, header, segment.subarray(headerLength)]);
}

const [endOfOptions, noOperation, md5] = [0, 1, 19];

function digestIn(options: Buffer): Buffer | undefined {
  for (let at = 0; at < options.length;) {
    const kind = options.readUInt8(at);
    if (kind === endOfOptions) return undefined;
    if (kind === noOperation) {
      at += 1;
      continue;
    }
    const length = options.readUInt8(at + 1);
    if (length < 2) return undefined;
    if (kind === md5) return options.subarray(at + 2, at + length);
    at += length;
  }
  return undefined;
}
