/** Decodes captured IP packets and their link layer. */
import { type Address, parseAddress } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';

export interface Packet {
  /** index of the device that carried the packet, in a capture on all devices */
  readonly linkIndex?: number;
  /** `out`: the packet left the host by this device; in a capture on all devices */
  readonly direction?: 'in' | 'out';
  /** destination MAC address, in a capture on an Ethernet device */
  readonly toMac?: string;
  /** `icmp` means ICMP of the packet's family */
  readonly protocol: 'icmp' | 'tcp' | 'udp' | number;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** ICMP: echo request 8, echo reply 0, unreachable 3; ICMPv6: 128, 129, 1 */
  readonly icmpType?: number;
  /** ICMP error: what happened to which packet */
  readonly error?: IcmpError;
  /** GRE: key, if the packet has one */
  readonly key?: number;
  /** IPv6 link-local signalling, which routers do not forward: neighbour discovery, router advertisements, MLD */
  readonly linkControl?: true;
  /** TTL; for IPv6 the hop limit */
  readonly ttl: number;
  /** length of the whole IP packet, in bytes */
  readonly length: number;
}

export interface IcmpError {
  readonly code: number;
  /** destination of the packet that it is about */
  readonly about: Address;
}

const ethernet = 1;
const rawIp = 101;
/** of a GRE device */
const cooked = 113;
/** of all devices */
const cooked2 = 276;
const etherTypes = [0x0800, 0x86dd];

/** PACKET_OUTGOING of linux/if_packet.h */
const outgoing = 4;

/** Returns undefined for frames other than IP, such as ARP. */
export function decodePacket(linkType: number, frame: Buffer): Packet | undefined {
  switch (linkType) {
    case ethernet:
      if (!etherTypes.includes(frame.readUInt16BE(12))) return undefined;
      return { toMac: decodeMac(frame.subarray(0, 6)), ...decodeIp(frame.subarray(14)) };
    case cooked:
      if (!etherTypes.includes(frame.readUInt16BE(14))) return undefined;
      return {
        direction: frame.readUInt16BE(0) === outgoing ? 'out' : 'in',
        ...decodeIp(frame.subarray(16)),
      };
    case cooked2:
      if (!etherTypes.includes(frame.readUInt16BE(0))) return undefined;
      return {
        linkIndex: frame.readUInt32BE(4),
        direction: frame.readUInt8(10) === outgoing ? 'out' : 'in',
        ...decodeIp(frame.subarray(20)),
      };
    case rawIp:
      return decodeIp(frame);
    default:
      throw new MustredirectError('failed', `capture: link type ${linkType} is not known`);
  }
}

function decodeMac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function decodeIp(ip: Buffer): Packet {
  return ip.readUInt8(0) >> 4 === 6 ? decodeIpv6(ip) : decodeIpv4(ip);
}

function decodeIpv4(ip: Buffer): Packet {
  const protocol = protocolNames[ip.readUInt8(9)] ?? ip.readUInt8(9);
  const payload = ip.subarray((ip.readUInt8(0) & 15) * 4);
  return {
    protocol,
    source: decodeIpv4Address(ip.subarray(12, 16)),
    destination: decodeIpv4Address(ip.subarray(16, 20)),
    ...decodePayload(protocol, payload),
    ...(protocol === 'icmp' ? decodeError(payload, errors4) : {}),
    ttl: ip.readUInt8(8),
    length: ip.readUInt16BE(2),
  };
}

interface ErrorFormat {
  readonly types: readonly number[];
  /** bytes from the ICMP header to the destination of the packet that the error is about */
  readonly destination: readonly [from: number, to: number];
  readonly decode: (bytes: Buffer) => Address;
}

/** unreachable, time exceeded, wrong parameter */
const errors4: ErrorFormat = { types: [3, 11, 12], destination: [24, 28], decode: decodeIpv4Address };
/** unreachable, too big, time exceeded, wrong parameter */
const errors6: ErrorFormat = { types: [1, 2, 3, 4], destination: [32, 48], decode: decodeIpv6Address };

function decodeError(icmp: Buffer, { types, destination, decode }: ErrorFormat): Pick<Packet, 'error'> {
  const [from, to] = destination;
  if (icmp.length < to || !types.includes(icmp.readUInt8(0))) return {};
  return { error: { code: icmp.readUInt8(1), about: decode(icmp.subarray(from, to)) } };
}

export function decodeIpv4Address(bytes: Buffer): Address {
  return [...bytes].join('.');
}

const ipv6HeaderLength = 40;
const icmpv6 = 58;
const hopByHop = 0;

function decodeIpv6(ip: Buffer): Packet {
  const { next, payload } = behindHopByHop(ip.readUInt8(6), ip.subarray(ipv6HeaderLength));
  const protocol = next === icmpv6 ? 'icmp' : (ipv6Names[next] ?? next);
  const decoded = decodePayload(protocol, payload);
  return {
    protocol,
    source: decodeIpv6Address(ip.subarray(8, 24)),
    destination: decodeIpv6Address(ip.subarray(24, 40)),
    ...decoded,
    ...(protocol === 'icmp' ? decodeError(payload, errors6) : {}),
    ...(protocol === 'icmp' && isLinkControl(decoded.icmpType) ? { linkControl: true as const } : {}),
    ttl: ip.readUInt8(7),
    length: ipv6HeaderLength + ip.readUInt16BE(4),
  };
}

/** Skips a hop-by-hop header, which MLD has. Any other extension header is returned as the packet's protocol. */
function behindHopByHop(next: number, payload: Buffer): { readonly next: number; readonly payload: Buffer } {
  if (next !== hopByHop) return { next, payload };
  return { next: payload.readUInt8(0), payload: payload.subarray((payload.readUInt8(1) + 1) * 8) };
}

/** MLD is 130 to 132 and 143; router and neighbour discovery is 133 to 137. */
function isLinkControl(icmpType = 0): boolean {
  return (icmpType >= 130 && icmpType <= 137) || icmpType === 143;
}

export function decodeIpv6Address(bytes: Buffer): Address {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return parseAddress(groups.join(':')) ?? '';
}

const ipv6Names: Readonly<Record<number, 'tcp' | 'udp'>> = { 6: 'tcp', 17: 'udp' };
const protocolNames: Readonly<Record<number, 'icmp' | 'tcp' | 'udp'>> = { 1: 'icmp', ...ipv6Names };

function decodePayload(protocol: Packet['protocol'], payload: Buffer): Partial<Packet> {
  switch (protocol) {
    case 'icmp':
      return { icmpType: payload.readUInt8(0) };
    case 'tcp':
    case 'udp':
      return { sourcePort: payload.readUInt16BE(0), destinationPort: payload.readUInt16BE(2) };
    case gre:
      return decodeKey(payload);
    default:
      return {};
  }
}

const gre = 47;
/** flags of the first two bytes */
const [hasChecksum, hasKey] = [0x8000, 0x2000];

/** A checksum precedes the key, with as many bytes. */
function decodeKey(payload: Buffer): Pick<Packet, 'key'> {
  const flags = payload.length < 2 ? 0 : payload.readUInt16BE(0);
  const at = flags & hasChecksum ? 8 : 4;
  return flags & hasKey && payload.length >= at + 4 ? { key: payload.readUInt32BE(at) } : {};
}

const fileHeaderLength = 24;
const recordHeaderLength = 16;

/** Reads a frame of a link type of libpcap; undefined for frames that do not count. */
export type Decode<T> = (linkType: number, frame: Buffer) => T | undefined;

/** Reads the complete records of a pcap stream, in this machine's byte order. */
export function decodePcap<T>(
  stream: Buffer,
  decode: Decode<T>,
): { readonly records: number; readonly packets: readonly T[] } {
  if (stream.length < fileHeaderLength) return { records: 0, packets: [] };
  const little = stream.readUInt32LE(0) === 0xa1b2c3d4;
  const number = (at: number) => (little ? stream.readUInt32LE(at) : stream.readUInt32BE(at));
  const packets: T[] = [];
  let records = 0;
  for (let at = fileHeaderLength; at + recordHeaderLength <= stream.length; records++) {
    const start = at + recordHeaderLength;
    const end = start + number(at + 8);
    if (end > stream.length) break;
    const packet = decode(number(20), stream.subarray(start, end));
    if (packet) packets.push(packet);
    at = end;
  }
  return { records, packets };
}
