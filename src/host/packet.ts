/** Decodes captured IPv4 packets, with what their link layer tells of them. */
import { MustredirectError } from '../error.ts';

export interface Packet {
  /** index of the device where it was seen, in a capture on all devices */
  readonly linkIndex?: number;
  /** `out`: it left the host there; in a capture on all devices */
  readonly direction?: 'in' | 'out';
  /** link-layer address that it was sent to, in a capture on an Ethernet device */
  readonly toMac?: string;
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

/** PACKET_OUTGOING of linux/if_packet.h */
const outgoing = 4;

/** What is not IPv4 (ARP, IPv6) gives nothing. */
export function decodePacket(linkType: number, frame: Buffer): Packet | undefined {
  switch (linkType) {
    case ethernet:
      if (frame.readUInt16BE(12) !== etherIpv4) return undefined;
      return { toMac: decodeMac(frame.subarray(0, 6)), ...decodeIpv4(frame.subarray(14)) };
    case cooked2:
      if (frame.readUInt16BE(0) !== etherIpv4) return undefined;
      return {
        linkIndex: frame.readUInt32BE(4),
        direction: frame.readUInt8(10) === outgoing ? 'out' : 'in',
        ...decodeIpv4(frame.subarray(20)),
      };
    case rawIp:
      return frame.readUInt8(0) >> 4 === 4 ? decodeIpv4(frame) : undefined;
    default:
      throw new MustredirectError('failed', `capture: link type ${linkType} is not known`);
  }
}

function decodeMac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function decodeIpv4(ip: Buffer): Packet {
  const protocol = protocolNames[ip.readUInt8(9)] ?? ip.readUInt8(9);
  const payload = ip.subarray((ip.readUInt8(0) & 15) * 4);
  return {
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
    const packet = decodePacket(number(20), stream.subarray(start, end));
    if (packet) packets.push(packet);
    at = end;
  }
  return { records, packets };
}
