/**
 * Number of a crafted packet, by which all of its forms are recognised: translated, in fragments, quoted in an ICMP
 * error, inside a tunnel, or in a reply. The payload repeats a marker, and the TCP sequence number contains the number,
 * which a reply acknowledges.
 */

/** @param times number of repetitions */
export function marker(id: number, times = 1): Buffer {
  return Buffer.from(`MR${id.toString(16).padStart(4, '0')}!!`.repeat(times), 'latin1');
}

const sequencePrefix = 0x6d;

/** The last byte is left for the increment in a reply: payload length, and one for SYN. */
export function sequenceOf(id: number): number {
  return ((sequencePrefix << 24) | (id << 8)) >>> 0;
}

/** Numbers of the crafted packets that a captured frame is related to; empty for other traffic. */
export function idsIn(frame: Buffer): ReadonlySet<number> {
  const found = [...frame.toString('latin1').matchAll(/MR([0-9a-f]{4})!!/g)].map(([, id = '']) =>
    parseInt(id, 16),
  );
  return new Set(found.length > 0 ? found : sequencesIn(frame));
}

const tcp = 6;
const ethernetLength = 14;

/** Numbers in a reply without payload: SYN-ACK, ACK or RST. */
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
