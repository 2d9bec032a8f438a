import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Packet, decodePacket, decodePcap } from './packet.ts';

// An echo request from 10.89.4.2 to 203.0.113.10, captured on a veth, without payload.
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
    ['a GRE device', 113, '00040310000000000000000000000800', { direction: 'out' }],
    ['a GRE device, coming in', 113, '00000310000000000000000000000800', { direction: 'in' }],
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

  it('keeps the protocol number when it has no name for it', () => {
    const gre = ipHeader.replace('3f01', '3f2f');
    expect(decodePacket(101, Buffer.from(gre, 'hex'))).toMatchObject({ protocol: 47 });
  });

  it.each([
    ['without a key', '00000800', undefined],
    ['with a key', '2000080000000007', 7],
    ['with a large key', '20000800ffffffff', 4_294_967_295],
    ['with a key behind a checksum', 'a0000800abcd000000000009', 9],
    ['that is cut off', '20000800', undefined],
    ['that is empty', '', undefined],
  ])('reads GRE %s', (_, header, key) => {
    const gre = ipHeader.replace('3f01', '3f2f');
    expect(decodePacket(101, Buffer.from(gre + header, 'hex'))?.key).toBe(key);
  });

  it.each([
    ['port unreachable', '0303', { code: 3, about: '203.0.113.10' }],
    ['time exceeded', '0b00', { code: 0, about: '203.0.113.10' }],
    ['an echo reply', '0000', undefined],
  ])('tells the packet of an ICMP error: %s', (_, type, error) => {
    const icmp = `${type}f7ff00000000${ipHeader}`;
    expect(decodePacket(101, Buffer.from(ipHeader + icmp, 'hex'))?.error).toEqual(error);
    expect(decodePacket(101, Buffer.from(ipHeader + icmp.slice(0, -8), 'hex'))?.error).toBeUndefined();
  });

  it('skips frames other than IP', () => {
    const arp = Buffer.from('ffffffffffff02000000000208060001', 'hex');
    expect(decodePacket(1, arp)).toBeUndefined();
  });

  it('refuses an unknown link type', () => {
    expect(() => decodePacket(105, Buffer.alloc(40))).toThrow('link type 105');
  });
});

describe('decodePacket of IPv6', () => {
  const ends = '20010db8008900040000000000000002 20010db8011300000000000000000010'.replaceAll(' ', '');
  const header = (length: string, next: string, hops: string): string =>
    `60000000${length}${next}${hops}${ends}`;
  const decode = (hex: string) => decodePacket(101, Buffer.from(hex, 'hex'));

  it.each([
    ['ethernet', 1, ethernetHeader.replace('0800', '86dd'), { toMac: '02:00:00:00:00:01' }],
    ['raw IP', 101, '', {}],
    ['all devices', 276, cookedHeader.replace('0800', '86dd'), { linkIndex: 3, direction: 'out' }],
  ])('reads %s', (_, linkType, link, more) => {
    const frame = `${link}${header('0040', '3a', '3f')}8000f7ff00010000`;
    expect(decodePacket(linkType, Buffer.from(frame, 'hex'))).toEqual({
      protocol: 'icmp',
      source: '2001:db8:89:4::2',
      destination: '2001:db8:113::10',
      icmpType: 128,
      ttl: 63,
      length: 104,
      ...more,
    });
  });

  it.each([
    ['tcp', '06'],
    ['udp', '11'],
  ])('reads the ports of %s', (protocol, next) => {
    expect(decode(`${header('0008', next, '40')}9c40005000000000`)).toMatchObject({
      protocol,
      sourcePort: 40000,
      destinationPort: 80,
    });
  });

  it.each([
    ['unreachable', '0104', { code: 4, about: '2001:db8:113::10' }],
    ['too big', '0200', { code: 0, about: '2001:db8:113::10' }],
    ['an echo reply', '8100', undefined],
  ])('tells the packet of an ICMP error: %s', (_, type, error) => {
    const icmp = `${type}f7ff00000000${header('0008', '2f', '3f')}`;
    expect(decode(header('0030', '3a', '40') + icmp)?.error).toEqual(error);
  });

  it.each([
    ['an echo reply', 129, undefined],
    ['too big', 2, undefined],
    ['a listener query', 130, true],
    ['a router advertisement', 134, true],
    ['a neighbour solicitation', 135, true],
    ['a listener report', 143, true],
  ])('flags packets that never leave a link: %s', (_, type, linkControl) => {
    const icmp = `${type.toString(16).padStart(2, '0')}00000000000000`;
    expect(decode(header('0008', '3a', 'ff') + icmp)?.linkControl).toBe(linkControl);
    // With a router alert option first, as MLD has.
    const behind = `3a000502000001 00${icmp}`.replace(' ', '');
    expect(decode(header('0010', '00', 'ff') + behind)).toMatchObject({ protocol: 'icmp', icmpType: type });
  });

  it('keeps the number of an unknown protocol or extension header', () => {
    expect(decode(`${header('0008', '2c', '3f')}1100000000000000`)).toMatchObject({ protocol: 44 });
    // ICMPv4 inside IPv6
    expect(decode(`${header('0008', '01', '3f')}0800f7ff00010000`)).not.toHaveProperty('icmpType', 8);
  });
});

describe('decodePcap', () => {
  const fileHeader = 'd4c3b2a1 02000400 00000000 00000000 00000400 65000000'.replaceAll(' ', '');
  const record = `07000000000000001c0000001c000000${ipHeader}${echo}`;

  it('reads complete records and skips a partial one', () => {
    const stream = Buffer.from(fileHeader + record + record, 'hex');
    expect(decodePcap(stream, decodePacket)).toEqual({ records: 2, packets: [expected, expected] });
    expect(decodePcap(stream.subarray(0, -1), decodePacket)).toEqual({ records: 1, packets: [expected] });
  });

  it('reads no records from the beginning of a stream', () => {
    expect(decodePcap(Buffer.from(fileHeader, 'hex'), decodePacket)).toEqual({ records: 0, packets: [] });
    expect(decodePcap(Buffer.alloc(3), decodePacket)).toEqual({ records: 0, packets: [] });
  });
});

// tcpdump 4.99.3 with libpcap 1.10.3, on a node: link 2 is its bridge, 3 a bridge port, 4 the uplink to the gateway.
describe('a tcpdump recording of an echo request, a SYN and a datagram from a container', () => {
  const recorded = (name: string) =>
    decodePcap(readFileSync(new URL(`fixtures/${name}.pcap`, import.meta.url)), decodePacket);
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

  it('on the uplink to the gateway', () => {
    const { records, packets } = recorded('capture-eth0-out');
    expect(records).toBe(4);
    expect(packets).toEqual(sent.map((packet) => ({ ...packet, toMac: '02:00:00:00:00:02', ttl: 63 })));
  });
});

// Recording with IPv6: link 3 is the bridge, 4 a bridge port, 2 the uplink to the gateway.
describe('a tcpdump recording of IPv6', () => {
  const recorded = (name: string) =>
    decodePcap(readFileSync(new URL(`fixtures/${name}.pcap`, import.meta.url)), decodePacket);
  const destination = '2001:db8:ffff::1';
  const ports = { sourcePort: 20001 };
  const sent = [
    { protocol: 'icmp', icmpType: 128, length: 128 },
    { protocol: 'tcp', ...ports, destinationPort: 443, length: 80 },
    { protocol: 'udp', ...ports, destinationPort: 53, length: 80 },
  ].map((packet) => ({ source: '2001:db8:89:4::2', destination, ...packet }));
  const isControl = ({ linkControl }: Packet): boolean => linkControl === true;

  it('on all devices', () => {
    const { records, packets } = recorded('capture-any-6');
    expect([records, packets.filter(isControl).length]).toEqual([31, 13]);
    expect(packets.filter((packet) => packet.destination === destination)).toEqual(
      sent.flatMap((packet) => [
        { ...packet, linkIndex: 4, direction: 'in', ttl: 64 },
        { ...packet, linkIndex: 3, direction: 'in', ttl: 64 },
        { ...packet, linkIndex: 2, direction: 'out', ttl: 63 },
      ]),
    );
  });

  it('on the uplink to the gateway', () => {
    const { packets } = recorded('capture-eth0-out-6');
    expect(packets.filter((packet) => !isControl(packet))).toEqual(
      sent.map((packet) => ({ ...packet, toMac: '7e:0b:c7:ec:43:c0', ttl: 63 })),
    );
    expect(packets.filter(isControl).map(({ icmpType }) => icmpType)).toEqual([135, 136, 143]);
  });
});
