/** Packets by which routers speak with each other, as a capture on all devices sees them: before any packet filter. */
import type { Address } from '../../../address/cidr.ts';
import { decodeIpv4Address, decodeIpv6Address, decodePacket } from '../packet.ts';
import { type OspfMessage, decodeOspf } from './ospf.ts';
import { type TcpMessage, decodeTcp } from './tcp.ts';

export interface RoutingPacket {
  /** index of the device */
  readonly linkIndex: number;
  readonly direction: 'in' | 'out';
  readonly source: Address;
  readonly destination: Address;
  /** TTL, or hop limit */
  readonly ttl: number;
  readonly message: OspfMessage | TcpMessage | BfdMessage | ErrorMessage;
}

export interface BfdMessage {
  readonly kind: 'bfd';
  readonly state: 'AdminDown' | 'Down' | 'Init' | 'Up';
}

/** ICMP error about a TCP or UDP packet */
export interface ErrorMessage {
  readonly kind: 'error';
  readonly error: 'port unreachable' | 'administratively prohibited' | 'unreachable';
  readonly protocol: 'tcp' | 'udp';
  /** of the packet that it is about */
  readonly to: Address;
  readonly port: number;
}

const headerLength = { cooked: 20, ipv6: 40 } as const;

/** For a capture on all devices. A packet that is cut, or made up, tells nothing. */
export function decodeRoutingPacket(linkType: number, frame: Buffer): RoutingPacket | undefined {
  try {
    return decode(linkType, frame);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decode(linkType: number, frame: Buffer): RoutingPacket | undefined {
  const packet = decodePacket(linkType, frame);
  if (packet?.linkIndex === undefined || packet.direction === undefined) return undefined;
  const { linkIndex, direction, source, destination, ttl, protocol, length } = packet;
  const ip = frame.subarray(headerLength.cooked);
  const start = ip.readUInt8(0) >> 4 === 6 ? headerLength.ipv6 : (ip.readUInt8(0) & 15) * 4;
  const message = messageOf(protocol, ip, start, length);
  return message && { linkIndex, direction, source, destination, ttl, message };
}

const ospf = 89;

function messageOf(
  protocol: string | number,
  ip: Buffer,
  start: number,
  length: number,
): RoutingPacket['message'] | undefined {
  const payload = ip.subarray(start, length);
  switch (protocol) {
    case ospf:
      return decodeOspf(payload);
    case 'tcp':
      return decodeTcp(payload, ip.length < length ? undefined : pseudoHeader(ip, payload.length));
    case 'udp':
      return decodeBfd(payload.subarray(8));
    case 'icmp':
      return decodeError(payload, ip.readUInt8(0) >> 4 === 6);
    default:
      return undefined;
  }
}

const tcp = 6;
const udp = 17;

function pseudoHeader(ip: Buffer, length: number): Buffer {
  const six = ip.readUInt8(0) >> 4 === 6;
  const rest = Buffer.alloc(six ? 8 : 4);
  if (six) {
    rest.writeUInt32BE(length, 0);
    rest.writeUInt8(tcp, 7);
    return Buffer.concat([ip.subarray(8, 40), rest]);
  }
  rest.writeUInt8(tcp, 1);
  rest.writeUInt16BE(length, 2);
  return Buffer.concat([ip.subarray(12, 20), rest]);
}

const bfdStates = ['AdminDown', 'Down', 'Init', 'Up'] as const;

/** RFC 5880, 4.1 */
function decodeBfd(packet: Buffer): BfdMessage | undefined {
  if (packet.length < 24 || packet.readUInt8(0) >> 5 !== 1) return undefined;
  const second = packet.readUInt8(1);
  return { kind: 'bfd', state: bfdStates[second >> 6] ?? 'Down' };
}

type Codes = Readonly<Record<number, ErrorMessage['error']>>;

const prohibited = 'administratively prohibited';
/** code of `unreachable` -> meaning */
const codes4: Codes = { 3: 'port unreachable', 9: prohibited, 10: prohibited, 13: prohibited };
const codes6: Codes = { 1: prohibited, 4: 'port unreachable', 5: prohibited, 6: prohibited };

function decodeError(icmp: Buffer, six: boolean): ErrorMessage | undefined {
  if (icmp.readUInt8(0) !== (six ? 1 : 3)) return undefined;
  const about = icmp.subarray(8);
  const protocol = about.readUInt8(six ? 6 : 9);
  if (protocol !== tcp && protocol !== udp) return undefined;
  const start = six ? headerLength.ipv6 : (about.readUInt8(0) & 15) * 4;
  return {
    kind: 'error',
    error: (six ? codes6 : codes4)[icmp.readUInt8(1)] ?? 'unreachable',
    protocol: protocol === tcp ? 'tcp' : 'udp',
    to: six ? decodeIpv6Address(about.subarray(24, 40)) : decodeIpv4Address(about.subarray(16, 20)),
    port: about.readUInt16BE(start + 2),
  };
}
