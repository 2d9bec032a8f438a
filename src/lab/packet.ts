/** Decodes captured IPv4 packets: the link layers that a lab has, and the headers that tests ask for. */

export interface Packet {
  /** seconds since 1970 */
  readonly time: number;
  readonly protocol: 'icmp' | 'tcp' | 'udp' | number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** 8 is an echo request, 0 its reply, 3 unreachable */
  readonly icmpType?: number;
  readonly ttl: number;
  /** of the whole IP packet, in bytes */
  readonly length: number;
}

const ethernet = 1;
const rawIp = 101;
const cooked2 = 276;
const etherIpv4 = 0x0800;

/** What is not IPv4 (ARP, IPv6) gives nothing. */
export function decodePacket(linkType: number, time: number, frame: Buffer): Packet | undefined {
  switch (linkType) {
    case ethernet:
      return frame.readUInt16BE(12) === etherIpv4 ? decodeIpv4(time, frame.subarray(14)) : undefined;
    case cooked2:
      return frame.readUInt16BE(0) === etherIpv4 ? decodeIpv4(time, frame.subarray(20)) : undefined;
    case rawIp:
      return frame.readUInt8(0) >> 4 === 4 ? decodeIpv4(time, frame) : undefined;
    default:
      throw new Error(`link type ${linkType} is not one of a lab`);
  }
}

function decodeIpv4(time: number, ip: Buffer): Packet {
  const protocol = protocolNames[ip.readUInt8(9)] ?? ip.readUInt8(9);
  const payload = ip.subarray((ip.readUInt8(0) & 15) * 4);
  return {
    time,
    protocol,
    source: [...ip.subarray(12, 16)].join('.'),
    destination: [...ip.subarray(16, 20)].join('.'),
    ...decodePayload(protocol, payload),
    ttl: ip.readUInt8(8),
    length: ip.readUInt16BE(2),
  };
}

const protocolNames: Readonly<Record<number, 'icmp' | 'tcp' | 'udp'>> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };

function decodePayload(protocol: Packet['protocol'], payload: Buffer): Partial<Packet> {
  switch (protocol) {
    case 'icmp':
      return { icmpType: payload.readUInt8(0) };
    case 'tcp':
    case 'udp':
      return { sourcePort: payload.readUInt16BE(0), destinationPort: payload.readUInt16BE(2) };
    default:
      return {};
  }
}

const fileHeaderLength = 24;
const recordHeaderLength = 16;

/** The whole records of a pcap stream so far, in the byte order of this machine's tcpdump. */
export function decodePcap(stream: Buffer): {
  readonly records: number;
  readonly packets: readonly Packet[];
} {
  if (stream.length < fileHeaderLength) return { records: 0, packets: [] };
  const little = stream.readUInt32LE(0) === 0xa1b2c3d4;
  const number = (at: number) => (little ? stream.readUInt32LE(at) : stream.readUInt32BE(at));
  const packets: Packet[] = [];
  let records = 0;
  for (let at = fileHeaderLength; at + recordHeaderLength <= stream.length; records++) {
    const start = at + recordHeaderLength;
    const end = start + number(at + 8);
    if (end > stream.length) break;
    const packet = decodePacket(number(20), number(at) + number(at + 4) / 1e6, stream.subarray(start, end));
    if (packet) packets.push(packet);
    at = end;
  }
  return { records, packets };
}
