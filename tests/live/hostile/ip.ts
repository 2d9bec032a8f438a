/** Builds IP packets and frames, valid or malformed. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { addressBytes, macBytes, u16, withChecksum } from './bytes.ts';

export interface IpOptions {
  readonly source: Address;
  readonly destination: Address;
  /** protocol of the payload: the transport, or the first extension header */
  readonly protocol: number;
  readonly payload: Buffer;
  readonly ttl?: number;
  /** IPv4 identification, IPv6 flow label */
  readonly label: number;
  /** IPv4 options, padded to a multiple of 4 */
  readonly options?: Buffer;
  /** IPv4 flags, as in the header: 1 more fragments, 2 do not fragment, 4 reserved */
  readonly flags?: number;
  /** IPv4 fragment offset, in units of 8 bytes */
  readonly offset?: number;
  /** length field of the header, when it is wrong */
  readonly length?: number;
}

export function ipPacket(family: Family, options: IpOptions): Buffer {
  return family === 4 ? ipv4(options) : ipv6(options);
}

function ipv4(packet: IpOptions): Buffer {
  const { options = Buffer.alloc(0), flags = 0, offset = 0, ttl = 64, payload } = packet;
  const words = 5 + options.length / 4;
  const header = Buffer.concat([
    Buffer.from([0x40 | words, 0]),
    u16(packet.length ?? words * 4 + payload.length, packet.label & 0xffff, (flags << 13) | offset),
    Buffer.from([ttl, packet.protocol, 0, 0]),
    addressBytes(packet.source),
    addressBytes(packet.destination),
    options,
  ]);
  return Buffer.concat([withChecksum(header, 10), payload]);
}

function ipv6({ source, destination, protocol, payload, label, length, ttl = 64 }: IpOptions): Buffer {
  return Buffer.concat([
    u16(0x6000, label & 0xffff, length ?? payload.length),
    Buffer.from([protocol, ttl]),
    addressBytes(source),
    addressBytes(destination),
    payload,
  ]);
}

export const etherTypes: Readonly<Record<Family, number>> = { 4: 0x0800, 6: 0x86dd };

export interface Macs {
  readonly to: string;
  readonly from: string;
}

export function frame({ to, from }: Macs, etherType: number, payload: Buffer): Buffer {
  return Buffer.concat([macBytes(to), macBytes(from), u16(etherType), payload]);
}

/** Pseudo-header for the checksum of a transport. */
export function pseudoHeader(
  source: Address,
  destination: Address,
  protocol: number,
  length: number,
): Buffer {
  const addresses = Buffer.concat([addressBytes(source), addressBytes(destination)]);
  return addresses.length === 8
    ? Buffer.concat([addresses, u16(protocol, length)])
    : Buffer.concat([addresses, u16(0, length, 0, protocol)]);
}
