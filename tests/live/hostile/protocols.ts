/** Payloads of crafted packets, as functions of addresses and number. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { addressBytes, u16, u32, withChecksum } from './bytes.ts';
import { ipPacket, pseudoHeader } from './ip.ts';
import { marker, sequenceOf } from './marker.ts';

export interface Ends {
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  /** destination port of TCP and UDP */
  readonly port: number;
  /** default: one derived from the packet's number */
  readonly sourcePort?: number;
  readonly id: number;
  /** unrelated host; ICMP errors are about a flow with it */
  readonly other: Address;
  /** address of the hostile container, offered as a router by redirects and router advertisements */
  readonly own: Address;
}

export interface Carried {
  readonly protocol: number;
  readonly bytes: Buffer;
}

type Make = (ends: Ends) => Carried;

const numbers = { icmp: { 4: 1, 6: 58 }, tcp: 6, udp: 17 } as const;
/** repetitions of the marker, so that each of two or three fragments and the quote in an ICMP error contain it */
const repeats = 8;

function sourcePortOf(id: number): number {
  return 20_000 + id;
}

function icmp(
  type4: number,
  code4: number,
  type6: number,
  code6: number,
  body: (ends: Ends) => Buffer,
): Make {
  return (ends) => {
    const { family, source, destination } = ends;
    const kind = family === 4 ? [type4, code4] : [type6, code6];
    const bytes = Buffer.concat([Buffer.from([...kind, 0, 0]), body(ends)]);
    const protocol = numbers.icmp[family];
    const before = family === 6 ? pseudoHeader(source, destination, protocol, bytes.length) : Buffer.alloc(0);
    return { protocol, bytes: withChecksum(bytes, 2, before) };
  };
}

const payload = ({ id }: Ends): Buffer => marker(id, repeats);
const echo = (ends: Ends): Buffer => Buffer.concat([u16(ends.id, 1), payload(ends)]);

/** ICMP error about a packet that its receiver supposedly sent. */
function quote(first: (ends: Ends) => Buffer): (ends: Ends) => Buffer {
  return (ends) => {
    const { family, destination, other, id } = ends;
    const about = { ...ends, source: destination, destination: other, port: 80, sourcePort: 5555 };
    const { protocol, bytes } = udp(about);
    const quoted = ipPacket(family, {
      source: destination,
      destination: other,
      protocol,
      payload: bytes,
      label: id,
    });
    return Buffer.concat([first(ends), quoted]);
  };
}

const unused = (): Buffer => u32(0);
/** New MTU: 68 bytes, the minimum of IPv4, or 1280 for IPv6. */
const smallMtu = ({ family }: Ends): Buffer => u32(family === 4 ? 68 : 1280);

const udp: Make = (ends) => {
  const { source, destination, port, id, sourcePort = sourcePortOf(id) } = ends;
  const body = payload(ends);
  const bytes = Buffer.concat([u16(sourcePort, port, 8 + body.length, 0), body]);
  const before = pseudoHeader(source, destination, numbers.udp, bytes.length);
  return { protocol: numbers.udp, bytes: withChecksum(bytes, 6, before) };
};

/** Redirect of `other` to the hostile container. */
const redirected = (ends: Ends): Buffer =>
  ends.family === 4
    ? quote(({ own }) => addressBytes(own))(ends)
    : Buffer.concat([u32(0), addressBytes(ends.own), addressBytes(ends.other), markerOption(ends)]);

const flag = { syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;

function tcp(flags: number): Make {
  return (ends) => {
    const { source, destination, port, id, sourcePort = sourcePortOf(id) } = ends;
    const number = u32(sequenceOf(id));
    const rest = Buffer.from([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    const bytes = Buffer.concat([u16(sourcePort, port), number, number, rest, payload(ends)]);
    const before = pseudoHeader(source, destination, numbers.tcp, bytes.length);
    return { protocol: numbers.tcp, bytes: withChecksum(bytes, 16, before) };
  };
}

function opaque(protocol: number, header: (ends: Ends) => Buffer): Make {
  return (ends) => ({ protocol, bytes: Buffer.concat([header(ends), payload(ends)]) });
}

/** SCTP INIT without CRC: no host of the lab supports SCTP. */
const sctp = ({ id, port }: Ends): Buffer =>
  Buffer.concat([
    u16(sourcePortOf(id), port),
    u32(0),
    u32(0),
    Buffer.from([1, 0, 0, 20]),
    u32(id),
    Buffer.alloc(12),
  ]);

function tunnel(protocol: number, inner: Family): Make {
  return (ends) => {
    const outside = inner === 4 ? '203.0.113.10' : '2001:db8:113::10';
    const from = inner === 4 ? '10.89.4.2' : '2001:db8:89:4::2';
    const about = { ...ends, family: inner, source: from, destination: outside };
    const { protocol: carried, bytes } = udp(about);
    const options = { source: from, destination: outside, protocol: carried, payload: bytes, label: ends.id };
    return { protocol, bytes: ipPacket(inner, options) };
  };
}

/** Unknown neighbour discovery option. */
function markerOption({ id }: Ends): Buffer {
  return Buffer.concat([Buffer.from([253, 2]), marker(id), Buffer.alloc(6)]);
}

/** IPv6: default router with a lifetime of 30 minutes. IPv4: one address of two words, as in RFC 1256. */
const advertisement = (ends: Ends): Buffer =>
  ends.family === 6
    ? Buffer.concat([Buffer.from([64, 0]), u16(1800), u32(0), u32(0), markerOption(ends)])
    : Buffer.concat([Buffer.from([1, 2]), u16(1800), addressBytes(ends.own), u32(100), payload(ends)]);

/** Group membership report of IGMPv2 or MLD. */
const membership: Make = (ends) => {
  if (ends.family === 6) return icmp(0, 0, 131, 0, () => mldReport(ends))(ends);
  const report = Buffer.concat([Buffer.from([0x16, 0, 0, 0, 239, 1, 2, 3]), payload(ends)]);
  return { protocol: 2, bytes: withChecksum(report, 2) };
};

function mldReport(ends: Ends): Buffer {
  const group = Buffer.alloc(16);
  group.writeUInt16BE(0xff0e);
  group.writeUInt16BE(0x1234, 14);
  return Buffer.concat([u32(0), group, payload(ends)]);
}

export const protocols = {
  'echo request': icmp(8, 0, 128, 0, echo),
  'echo reply': icmp(0, 0, 129, 0, echo),
  'packet too big': icmp(3, 4, 2, 0, quote(smallMtu)),
  'port unreachable': icmp(3, 3, 1, 4, quote(unused)),
  'time exceeded': icmp(11, 0, 3, 0, quote(unused)),
  redirect: icmp(5, 1, 137, 0, redirected),
  UDP: udp,
  'UDP to port 53': (ends) => udp({ ...ends, port: 53 }),
  DHCP: (ends) =>
    udp({ ...ends, port: ends.family === 4 ? 67 : 547, sourcePort: ends.family === 4 ? 68 : 546 }),
  SYN: tcp(flag.syn),
  'SYN-ACK': tcp(flag.syn | flag.ack),
  ACK: tcp(flag.ack | flag.psh),
  RST: tcp(flag.rst | flag.ack),
  SCTP: opaque(132, sctp),
  GRE: opaque(47, ({ family }) => u16(0, family === 4 ? 0x0800 : 0x86dd)),
  ESP: opaque(50, ({ id }) => Buffer.concat([u32(0x1000 + id), u32(1)])),
  'protocol 253': opaque(253, () => Buffer.alloc(0)),
  IPIP: tunnel(4, 4),
  '6in4': tunnel(41, 6),
  'group membership': membership,
  'router advertisement': icmp(9, 0, 134, 0, advertisement),
} as const satisfies Readonly<Record<string, Make>>;
export type Protocol = keyof typeof protocols;
export const protocolNames = Object.keys(protocols) as Protocol[];
