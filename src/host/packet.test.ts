import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Packet, decodePacket, decodePcap } from './packet.ts';

// An echo request from 10.89.4.2 to 203.0.113.10, as it left a veth, without its payload.
const ipHeader = '4500005400004000 3f011a3b 0a590402 cb00710a'.replaceAll(' ', '');
const echo = '0800f7ff00010000';
const ethernetHeader = '0200000000010200000000020800';
const cookedHeader = '0800 0000 00000003 0001 04 06 0200000000020000'.replaceAll(' ', '');

const expected = {
  protocol: 'icmp',
  source: '10.89.4.2',
  destination: '203.0.113.10',
  icmpType: 8,
  ttl: 63,
  length: 84,
};

describe('decodePacket', () => {
  it.each([
    ['ethernet', 1, ethernetHeader, { toMac: '02:00:00:00:00:01' }],
    ['raw IP', 101, '', {}],
    ['all devices', 276, cookedHeader, { linkIndex: 3, direction: 'out' }],
    ['all devices, coming in', 276, cookedHeader.replace('000104', '000100'), { direction: 'in' }],
    ['all devices, for somebody else', 276, cookedHeader.replace('000104', '000103'), { direction: 'in' }],
  ])('reads %s', (_, linkType, header, more) => {
    expect(decodePacket(linkType, Buffer.from(header + ipHeader + echo, 'hex'))).toMatchObject({
      ...expected,
      ...more,
    });
  });

  it('reads ports behind a header with options', () => {
    const header = '4600003c00004000 40060000 0a590402 cb00710a 94040000'.replaceAll(' ', '');
    expect(decodePacket(101, Buffer.from(`${header}9c400050`, 'hex'))).toMatchObject({
      protocol: 'tcp',
      sourcePort: 40000,
      destinationPort: 80,
    });
  });

  it('keeps the number of a protocol that it has no name for', () => {
    const gre = ipHeader.replace('3f01', '3f2f');
    expect(decodePacket(101, Buffer.from(gre, 'hex'))).toMatchObject({ protocol: 47 });
  });

  it('passes over what is not IPv4', () => {
    const arp = Buffer.from('ffffffffffff02000000000208060001', 'hex');
    expect(decodePacket(1, arp)).toBeUndefined();
    expect(decodePacket(101, Buffer.from('60000000', 'hex'))).toBeUndefined();
  });

  it('refuses a link type that it does not know', () => {
    expect(() => decodePacket(105, Buffer.alloc(40))).toThrow('link type 105');
  });
});

describe('decodePcap', () => {
  const fileHeader = 'd4c3b2a1 02000400 00000000 00000000 00000400 65000000'.replaceAll(' ', '');
  const record = `07000000000000001c0000001c000000${ipHeader}${echo}`;

  it('reads whole records and leaves a half one', () => {
    const stream = Buffer.from(fileHeader + record + record, 'hex');
    expect(decodePcap(stream)).toEqual({ records: 2, packets: [expected, expected] });
    expect(decodePcap(stream.subarray(0, -1))).toEqual({ records: 1, packets: [expected] });
  });

  it('reads nothing from a stream that has hardly begun', () => {
    expect(decodePcap(Buffer.from(fileHeader, 'hex'))).toEqual({ records: 0, packets: [] });
    expect(decodePcap(Buffer.alloc(3))).toEqual({ records: 0, packets: [] });
  });
});

// tcpdump 4.99.3 with libpcap 1.10.3, on a node: 2 is its bridge, 3 a port of it, 4 the way to the gateway.
describe('what tcpdump recorded while a container sent an echo request, a SYN and a datagram', () => {
  const recorded = (name: string) =>
    decodePcap(readFileSync(new URL(`fixtures/${name}.pcap`, import.meta.url)));
  const probes = (packets: readonly Packet[]) =>
    packets.filter(({ destination }) => destination === '192.0.2.1');
  const ports = { sourcePort: 20001 };
  const sent = [
    { protocol: 'icmp', icmpType: 8, length: 128 },
    { protocol: 'tcp', ...ports, destinationPort: 443, length: 60 },
    { protocol: 'udp', ...ports, destinationPort: 53, length: 60 },
  ].map((packet) => ({ source: '10.89.4.5', destination: '192.0.2.1', ...packet }));

  it('on all devices', () => {
    const { records, packets } = recorded('capture-any');
    expect([records, packets.length]).toEqual([24, 18]);
    expect(probes(packets)).toEqual(
      sent.flatMap((packet) => [
        { ...packet, linkIndex: 3, direction: 'in', ttl: 64 },
        { ...packet, linkIndex: 2, direction: 'in', ttl: 64 },
        { ...packet, linkIndex: 4, direction: 'out', ttl: 63 },
      ]),
    );
  });

  it('on the way to the gateway', () => {
    const { records, packets } = recorded('capture-eth0-out');
    expect(records).toBe(4);
    expect(packets).toEqual(sent.map((packet) => ({ ...packet, toMac: '02:00:00:00:00:02', ttl: 63 })));
  });
});
