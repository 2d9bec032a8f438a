/** Flows in messages of conntrack: linux/netfilter/nfnetlink_conntrack.h. Pure. */
import { addressOfBytes } from '../../address/bytes.ts';
import type { Address } from '../../address/cidr.ts';
import { type Message, eachAttribute } from './netlink/messages.ts';

export interface FlowTuple {
  readonly source: Address;
  readonly destination: Address;
  /** of ICMP: the identifier; absent: a protocol without ports */
  readonly sourcePort?: number;
  /** absent: ICMP, or a protocol without ports */
  readonly destinationPort?: number;
}

export interface Amount {
  readonly packets: number;
  readonly bytes: number;
}

export interface TrackedFlow {
  /** the kernel's number of the flow; another flow may have it later */
  readonly id: number;
  /** number of the protocol over IP: 6 is TCP */
  readonly protocol: number;
  readonly original: FlowTuple;
  readonly reply: FlowTuple;
  /** of each direction; absent: begun before `nf_conntrack_acct` was on */
  readonly sent?: Amount;
  readonly received?: Amount;
  /** milliseconds since 1970; absent: begun before `nf_conntrack_timestamp` was on */
  readonly begin?: number;
  /** milliseconds since 1970; absent: it lives, or began before `nf_conntrack_timestamp` was on */
  readonly end?: number;
}

/** Types of a message: the last one of a list, and an error in its place. */
export const lastMessage = 3;
export const errorMessage = 2;

/** IPCTNL_MSG_CT_NEW and IPCTNL_MSG_CT_DELETE of NFNL_SUBSYS_CTNETLINK */
const flowTypes = [0x0100, 0x0102];
/** `struct nfgenmsg` */
const headLength = 4;

/** What has been read of a flow or tuple. */
type Draft<T> = { -readonly [K in keyof T]?: T[K] | undefined };

/** @returns undefined for a message that is not a flow */
export function trackedFlow({ type, body }: Message): TrackedFlow | undefined {
  if (!flowTypes.includes(type)) return undefined;
  const flow: Draft<TrackedFlow> = {};
  eachAttribute(body, headLength, body.length, (attribute, from, to) => {
    switch (attribute) {
      case 1:
        flow.original = tupleOf(body, from, to, (protocol) => (flow.protocol = protocol));
        break;
      case 2:
        flow.reply = tupleOf(body, from, to);
        break;
      case 9:
        flow.sent = amountOf(body, from, to);
        break;
      case 10:
        flow.received = amountOf(body, from, to);
        break;
      case 12:
        flow.id = body.readUInt32BE(from);
        break;
      case 20:
        readTimes(flow, body, from, to);
        break;
    }
  });
  return isWhole(flow) ? flow : undefined;
}

function isWhole(flow: Draft<TrackedFlow>): flow is TrackedFlow {
  const { id, protocol, original, reply } = flow;
  return id !== undefined && protocol !== undefined && original !== undefined && reply !== undefined;
}

/** CTA_TUPLE_IP is 1, CTA_TUPLE_PROTO 2. */
function tupleOf(
  bytes: Buffer,
  start: number,
  stop: number,
  onProtocol?: (protocol: number) => void,
): FlowTuple | undefined {
  const tuple: Draft<FlowTuple> = {};
  eachAttribute(bytes, start, stop, (part, first, last) => {
    eachAttribute(bytes, first, last, (attribute, from, to) => {
      if (part === 1) {
        const address = addressOfBytes(bytes, from, to);
        if (attribute === 1 || attribute === 3) tuple.source = address;
        else tuple.destination = address;
      }
      if (part === 2) readProtocol(tuple, bytes, attribute, from, onProtocol);
    });
  });
  return isTuple(tuple) ? tuple : undefined;
}

function isTuple(tuple: Draft<FlowTuple>): tuple is FlowTuple {
  return tuple.source !== undefined && tuple.destination !== undefined;
}

/** CTA_PROTO_NUM is 1, the ports are 2 and 3, the identifiers of ICMP 4, and of ICMPv6 7. */
function readProtocol(
  tuple: Draft<FlowTuple>,
  bytes: Buffer,
  attribute: number,
  from: number,
  onProtocol: ((protocol: number) => void) | undefined,
): void {
  if (attribute === 1) onProtocol?.(bytes.readUInt8(from));
  if (attribute === 2 || attribute === 4 || attribute === 7) tuple.sourcePort = bytes.readUInt16BE(from);
  if (attribute === 3) tuple.destinationPort = bytes.readUInt16BE(from);
}

function amountOf(bytes: Buffer, start: number, stop: number): Amount {
  const amount = { packets: 0, bytes: 0 };
  eachAttribute(bytes, start, stop, (attribute, from) => {
    if (attribute === 1) amount.packets = Number(bytes.readBigUInt64BE(from));
    if (attribute === 2) amount.bytes = Number(bytes.readBigUInt64BE(from));
  });
  return amount;
}

/** CTA_TIMESTAMP_START is 1, CTA_TIMESTAMP_STOP 2: nanoseconds since 1970. */
function readTimes(flow: Draft<TrackedFlow>, bytes: Buffer, start: number, stop: number): void {
  eachAttribute(bytes, start, stop, (attribute, from) => {
    const time = Math.floor(Number(bytes.readBigUInt64BE(from)) / 1e6);
    if (attribute === 1) flow.begin = time;
    if (attribute === 2) flow.end = time;
  });
}
