import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowMessage, givenFlow, message } from '../../../tests/given/netlink.ts';
import { addressOfBytes } from '../../address/bytes.ts';
import { type Message, messageReader } from './netlink/messages.ts';
import { recordedFlows } from './recorded-flows.ts';
import { type FlowTuple, type TrackedFlow, trackedFlow } from './tracked-flow.ts';

function flowsOf(messages: readonly Message[]): TrackedFlow[] {
  return messages.flatMap((one) => trackedFlow(one) ?? []);
}

describe('flows of the kernel', () => {
  it('have both tuples, both amounts, and their times', () => {
    const flows = flowsOf(messageReader()(recordedFlows));
    expect(flows.map(({ protocol, original, sent }) => [protocol, original.sourcePort, sent?.bytes])).toEqual(
      [
        [6, 54_034, 60],
        [1, 14_506, 84],
        [17, 36_216, 49],
        [58, 14_507, 104],
      ],
    );
    expect(flows[0]).toEqual({
      id: 0x3e_ad_02_1b,
      protocol: 6,
      original: { source: '10.89.4.2', destination: '198.51.100.1', sourcePort: 54_034, destinationPort: 9 },
      reply: { source: '198.51.100.1', destination: '198.51.100.6', sourcePort: 9, destinationPort: 54_034 },
      sent: { packets: 1, bytes: 60 },
      received: { packets: 1, bytes: 40 },
      begin: Date.parse('2026-11-30T14:21:09.120Z'),
      end: Date.parse('2026-11-30T14:21:09.120Z'),
    });
    // conntrack(8) printed 14:21:08 for the other three.
    const begins = flows.slice(1).map(({ begin = 0 }) => new Date(begin).toISOString().slice(0, 19));
    expect(new Set(begins)).toEqual(new Set(['2026-11-30T14:21:08']));
    expect(flows[2]?.original).toEqual({
      source: 'fd00:4::2',
      destination: '2001:db8::1',
      sourcePort: 36_216,
      destinationPort: 9000,
    });
  });
});

const port = fc.integer({ min: 0, max: 65_535 });
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);
const tuple = fc
  .tuple(address, port, port, fc.constantFrom('ports', 'icmp', 'none'))
  .map(([bytes, sourcePort, destinationPort, kind]): FlowTuple => {
    const text = addressOfBytes(Buffer.from(bytes), 0, bytes.length);
    return {
      source: text,
      destination: text,
      ...(kind === 'none' ? {} : { sourcePort }),
      ...(kind === 'ports' ? { destinationPort } : {}),
    };
  });
const amount = fc.record({ packets: fc.nat(), bytes: fc.nat({ max: 2 ** 31 - 1 }) });
const time = fc.integer({ min: 1, max: 4_000_000_000_000 });
const flow = fc.record(
  {
    id: fc.integer({ min: 0, max: 0xffffffff }),
    protocol: fc.integer({ min: 0, max: 255 }),
    original: tuple,
    reply: tuple,
    sent: amount,
    received: amount,
    begin: time,
    end: time,
  },
  { requiredKeys: ['id', 'protocol', 'original', 'reply'] },
);

describe('a stream of messages', () => {
  it('gives the same flows, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 5 }), fc.array(fc.nat({ max: 400 })), (flows, cuts) => {
        const bytes = Buffer.concat(flows.map((one) => flowMessage(one as TrackedFlow)));
        const read = messageReader();
        const found: TrackedFlow[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          found.push(...flowsOf(read(bytes.subarray(at, at + cut))));
          at += cut;
        }
        expect(found).toEqual(flows);
      }),
    );
  });

  it('has other messages, which are no flows', () => {
    const read = messageReader();
    const bytes = Buffer.concat([message(3, Buffer.alloc(4)), flowMessage(givenFlow()), message(0x0201)]);
    const messages = read(bytes);
    expect(messages.map(({ type }) => type)).toEqual([3, 0x0102, 0x0201]);
    expect(flowsOf(messages)).toEqual([givenFlow()]);
  });

  it('is refused when it has no messages', () => {
    expect(() => messageReader()(Buffer.alloc(16))).toThrow('a netlink message of 0 bytes');
    expect(() => messageReader()(Buffer.alloc(16, 0xff))).toThrow('a netlink message of 4294967295 bytes');
  });
});

it('a flow without an attribute that it needs is none', () => {
  const whole = flowMessage(givenFlow());
  const [one] = messageReader()(whole);
  expect(one && trackedFlow({ type: one.type, body: one.body.subarray(0, 60) })).toBeUndefined();
});
