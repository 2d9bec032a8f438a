/**
 * Every crafted packet carries its number, so that whatever becomes of it is known as its: translated, in fragments, quoted
 * in an ICMP error, inside of a tunnel, or answered. The payload repeats a marker, and the TCP sequence number has the
 * number too: an answer acknowledges it.
 */

/** @param times how often it is repeated */
export function marker(id: number, times = 1): Buffer {
  return Buffer.from(`MR${id.toString(16).padStart(4, '0')}!!`.repeat(times), 'latin1');
}

const sequencePrefix = 0x6d;

/** The last byte is free for what an answer adds to it: the length of the payload, and one for SYN. */
export function sequenceOf(id: number): number {
  return ((sequencePrefix << 24) | (id << 8)) >>> 0;
}

/** The numbers of the crafted packets that a captured frame has to do with; none for all other traffic. */
export function idsIn(frame: Buffer): ReadonlySet<number> {
  const found = [...frame.toString('latin1').matchAll(/MR([0-9a-f]{4})!!/g)].map(([, id = '']) =>
    parseInt(id, 16),
  );
  return new Set(found.length > 0 ? found : sequencesIn(frame));
}

const tcp = 6;
const ethernetLength = 14;

/** An answer without a payload: SYN-ACK, ACK or RST. */
function sequencesIn(frame: Buffer): readonly number[] {
  const segment = tcpSegment(frame);
  if (!segment || segment.length < 12) return [];
  return [segment.readUInt32BE(4), segment.readUInt32BE(8)]
    .filter((number) => number >>> 24 === sequencePrefix)
    .map((number) => (number >>> 8) & 0xffff);
}

function tcpSegment(frame: Buffer): Buffer | undefined {
  if (frame.length < ethernetLength + 40) return undefined;
  const ip = frame.subarray(ethernetLength);
  switch (frame.readUInt16BE(12)) {
    case 0x0800:
      return ip.readUInt8(9) === tcp ? ip.subarray((ip.readUInt8(0) & 15) * 4) : undefined;
    case 0x86dd:
      return ip.readUInt8(6) === tcp ? ip.subarray(40) : undefined;
    default:
      return undefined;
  }
}
