/** Decodes BGP messages (RFC 4271). */

export type BgpMessage =
  | { readonly type: 'open'; readonly as: number; readonly id: string }
  | { readonly type: 'notification'; readonly code: number; readonly subcode: number; readonly text: string }
  | { readonly type: 'other' };

const markerLength = 16;
const marker = Buffer.alloc(markerLength, 0xff);
const smallest = 19;

/** Messages that begin in a segment's data; the first one begins the data. */
export function bgpMessages(data: Buffer): BgpMessage[] {
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
  // The text goes to a terminal: no control characters of the neighbour.
  return text.replaceAll(/[^\x20-\x7e]/g, '?') || undefined;
}
