/** Decodes TCP segments of BGP sessions (RFC 4271), as far as they tell why a session does not come up. */
import type { Signed } from './signed.ts';

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

export type BgpMessage =
  | { readonly type: 'open'; readonly as: number; readonly id: string }
  | { readonly type: 'notification'; readonly code: number; readonly subcode: number; readonly text: string }
  | { readonly type: 'other' };

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
    bgp: messagesIn(segment.subarray(headerLength)),
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

const markerLength = 16;
const marker = Buffer.alloc(markerLength, 0xff);
const smallest = 19;

function messagesIn(data: Buffer): BgpMessage[] {
  const found: BgpMessage[] = [];
  for (let at = 0; at + smallest <= data.length;) {
    if (!data.subarray(at, at + markerLength).equals(marker)) break;
    const length = data.readUInt16BE(at + markerLength);
    if (length < smallest) break;
    found.push(messageOf(data.readUInt8(at + 18), data.subarray(at + smallest, at + length)));
    at += length;
  }
  return found;
}

function messageOf(type: number, body: Buffer): BgpMessage {
  if (type === 1 && body.length >= 10)
    return { type: 'open', as: wideAs(body) ?? body.readUInt16BE(1), id: [...body.subarray(5, 9)].join('.') };
  if (type === 3 && body.length >= 2) {
    const [code, subcode] = [body.readUInt8(0), body.readUInt8(1)];
    return { type: 'notification', code, subcode, text: notificationText(code, subcode, body.subarray(2)) };
  }
  return { type: 'other' };
}

/** optional parameter 2: capabilities, of which 65 has the AS number in four bytes (RFC 6793) */
const [capabilities, wideAsNumber] = [2, 65];

function wideAs(body: Buffer): number | undefined {
  for (const [kind, value] of typedValues(body.subarray(10))) {
    if (kind !== capabilities) continue;
    for (const [capability, text] of typedValues(value))
      if (capability === wideAsNumber && text.length === 4) return text.readUInt32BE(0);
  }
  return undefined;
}

/** Triples of type, length and value, of one byte, one byte, and as many as the length says. */
function typedValues(bytes: Buffer): (readonly [number, Buffer])[] {
  const found: (readonly [number, Buffer])[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes.readUInt8(at + 1);
    found.push([bytes.readUInt8(at), bytes.subarray(at + 2, end)]);
    at = end;
  }
  return found;
}

/** IANA, "BGP Error (Notification) Codes" and its subcodes */
const errors: Readonly<
  Record<number, { readonly name: string; readonly subcodes: Readonly<Record<number, string>> }>
> = {
  1: {
    name: 'Message Header Error',
    subcodes: { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  },
  2: {
    name: 'OPEN Message Error',
    subcodes: {
      1: 'Unsupported Version Number',
      2: 'Bad Peer AS',
      3: 'Bad BGP Identifier',
      4: 'Unsupported Optional Parameter',
      6: 'Unacceptable Hold Time',
      7: 'Unsupported Capability',
      11: 'Role Mismatch',
    },
  },
  3: { name: 'UPDATE Message Error', subcodes: {} },
  4: { name: 'Hold Timer Expired', subcodes: {} },
  5: { name: 'Finite State Machine Error', subcodes: {} },
  6: {
    name: 'Cease',
    subcodes: {
      1: 'Maximum Number of Prefixes Reached',
      2: 'Administrative Shutdown',
      3: 'Peer De-configured',
      4: 'Administrative Reset',
      5: 'Connection Rejected',
      6: 'Other Configuration Change',
      7: 'Connection Collision Resolution',
      8: 'Out of Resources',
      9: 'Hard Reset',
      10: 'BFD Down',
    },
  },
};

/** An administrator may give a reason with a shutdown or reset (RFC 9003). */
function notificationText(code: number, subcode: number, data: Buffer): string {
  const { name, subcodes } = errors[code] ?? { name: `error ${code}`, subcodes: {} };
  const { [subcode]: detail = subcode === 0 ? undefined : `subcode ${subcode}` } = subcodes;
  const reason = code === 6 && (subcode === 2 || subcode === 4) ? reasonIn(data) : undefined;
  return [name, detail, reason].filter((one) => one !== undefined).join(': ');
}

function reasonIn(data: Buffer): string | undefined {
  if (data.length < 2) return undefined;
  const text = data.subarray(1, 1 + data.readUInt8(0)).toString();
  // What a neighbour sends goes to a terminal.
  return text.replaceAll(/[^\x20-\x7e]/g, '?') || undefined;
}
