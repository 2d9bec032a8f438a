/** Messages of conntrack, as the kernel writes them on a machine with the same byte order as this one. */
import { endianness } from 'node:os';
import { familyOf, hexOfAddress } from '../../src/address/cidr.ts';
import type { Amount, FlowTuple, TrackedFlow } from '../../src/host/conntrack/tracked-flow.ts';

const little = endianness() === 'LE';

function native(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (little) buffer.writeUIntLE(value, 0, bytes);
  else buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function attribute(type: number, ...values: readonly Buffer[]): Buffer {
  const value = Buffer.concat(values);
  return padded(Buffer.concat([native(value.length + 4, 2), native(type, 2), value]));
}

const nested = 0x8000;

function number(value: number | bigint, bytes: 1 | 2 | 4 | 8): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
}

function tupleOf(type: number, protocol: number, tuple: FlowTuple): Buffer {
  const { source, destination, sourcePort, destinationPort } = tuple;
  const [from, to] = familyOf(source) === 4 ? [1, 2] : [3, 4];
  const digits = familyOf(source) === 4 ? 8 : 32;
  const address = (text: string): Buffer =>
    Buffer.from(hexOfAddress(text).slice(2).padStart(digits, '0'), 'hex');
  const isIcmp = sourcePort !== undefined && destinationPort === undefined;
  return attribute(
    type | nested,
    attribute(1 | nested, attribute(from, address(source)), attribute(to, address(destination))),
    attribute(
      2 | nested,
      attribute(1, number(protocol, 1)),
      ...(sourcePort === undefined ? [] : [attribute(isIcmp ? 4 : 2, number(sourcePort, 2))]),
      ...(destinationPort === undefined ? [] : [attribute(3, number(destinationPort, 2))]),
    ),
  );
}

function amountOf(type: number, amount: Amount | undefined): readonly Buffer[] {
  if (!amount) return [];
  return [
    attribute(type | nested, attribute(1, number(amount.packets, 8)), attribute(2, number(amount.bytes, 8))),
  ];
}

const nanoseconds = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n + 123_456n;

export function message(type: number, ...body: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(body);
  const head = [native(whole.length + 16, 4), native(type, 2), native(0, 2), native(0, 4), native(0, 4)];
  return padded(Buffer.concat([...head, whole]));
}

/** @param type 0x0102: it has ended; 0x0100: it is one of a list */
export function flowMessage(flow: TrackedFlow, type = 0x0102): Buffer {
  const { id, protocol, original, reply, sent, received, begin, end } = flow;
  const times = [
    ...(begin === undefined ? [] : [attribute(1, number(nanoseconds(begin), 8))]),
    ...(end === undefined ? [] : [attribute(2, number(nanoseconds(end), 8))]),
  ];
  return message(
    type,
    Buffer.from([familyOf(original.source) === 4 ? 2 : 10, 0, 0, 0]),
    tupleOf(1, protocol, original),
    tupleOf(2, protocol, reply),
    attribute(3, number(0x18e, 4)),
    ...amountOf(9, sent),
    ...amountOf(10, received),
    attribute(12, number(id, 4)),
    ...(times.length > 0 ? [attribute(20 | nested, ...times)] : []),
  );
}

/** Flow of UDP from 10.89.4.7 with source NAT. */
export function givenFlow(different: Partial<TrackedFlow> = {}): TrackedFlow {
  return {
    id: 7,
    protocol: 17,
    original: { source: '10.89.4.7', destination: '203.0.113.10', sourcePort: 5000, destinationPort: 53 },
    reply: { source: '203.0.113.10', destination: '198.51.100.6', sourcePort: 53, destinationPort: 40_123 },
    sent: { packets: 1, bytes: 60 },
    received: { packets: 1, bytes: 120 },
    begin: Date.parse('2026-11-30T03:13:58.100Z'),
    end: Date.parse('2026-11-30T03:14:28.200Z'),
    ...different,
  };
}
