import { describe, expect, it } from 'vitest';
import type { Packet } from '../../host/capture/packet.ts';
import { captureFilter, isOfProbe, makeProbes } from './probe.ts';

const probe = {
  source: '10.89.4.5',
  target: '192.0.2.1',
  udpPort: 33434,
  tcpPort: 443,
  localPort: 20001,
  size: 100,
};

const probe6 = { ...probe, source: '2001:db8:89:4::5', target: '2001:db8::1' };

describe('makeProbes', () => {
  it('gives each target its own ports and size', () => {
    const targets = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => ({ address }));
    const probes = makeProbes('10.89.4.5', targets);
    expect(probes.map(({ target }) => target)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    expect(new Set(probes.map(({ localPort }) => localPort)).size).toBe(3);
    expect(new Set(probes.map(({ size }) => size)).size).toBe(3);
  });

  it('uses the requested port for UDP and TCP', () => {
    expect(makeProbes('10.89.4.5', [{ address: '192.0.2.1', port: 53 }])).toMatchObject([
      { udpPort: 53, tcpPort: 53 },
    ]);
  });
});

describe('captureFilter', () => {
  it('matches fields that NAT does not change', () => {
    expect(captureFilter([probe])).toBe(
      '(dst host 192.0.2.1 and (tcp src port 20001 or udp[4:2] = 108' +
        ' or (icmp[icmptype] = icmp-echo and ip[2:2] = 128)))',
    );
    expect(captureFilter([probe6])).toBe(
      '(dst host 2001:db8::1 and (tcp src port 20001 or' +
        ' (ip6[4:2] = 108 and (ip6[6] = 17 or (ip6[6] = 58 and ip6[40] = 128)))))',
    );
  });
});

describe('isOfProbe', () => {
  const at = { source: '192.168.50.10', destination: '192.0.2.1', ttl: 63 } as const;
  const ours: Packet[] = [
    { ...at, protocol: 'icmp', icmpType: 8, length: 128 },
    { ...at, protocol: 'udp', sourcePort: 61000, destinationPort: 33434, length: 128 },
    { ...at, protocol: 'tcp', sourcePort: 20001, destinationPort: 443, length: 60 },
  ];

  it.each(ours)('recognises packets of the probe with another source: $protocol', (packet) => {
    expect(isOfProbe(packet, probe)).toBe(true);
  });

  it.each<Packet>([
    ...ours.map((packet) => ({ ...packet, destination: '192.0.2.2' })),
    { ...at, protocol: 'icmp', icmpType: 8, length: 64 },
    { ...at, protocol: 'icmp', icmpType: 0, length: 128 },
    { ...at, protocol: 47, length: 128 },
    { ...at, protocol: 'udp', sourcePort: 20001, destinationPort: 53, length: 128 },
    { ...at, protocol: 'tcp', sourcePort: 20002, destinationPort: 443, length: 60 },
  ])('rejects other packets: $protocol to $destination', (packet) => {
    expect(isOfProbe(packet, probe)).toBe(false);
  });

  const at6 = { source: '2001:db8:50::10', destination: '2001:db8::1', ttl: 63 } as const;
  it.each<[boolean, Packet]>([
    [true, { ...at6, protocol: 'icmp', icmpType: 128, length: 148 }],
    [true, { ...at6, protocol: 'udp', sourcePort: 61000, destinationPort: 33434, length: 148 }],
    [true, { ...at6, protocol: 'tcp', sourcePort: 20001, destinationPort: 443, length: 80 }],
    [false, { ...at6, protocol: 'icmp', icmpType: 8, length: 148 }],
    [false, { ...at6, protocol: 'icmp', icmpType: 135, length: 148, linkControl: true }],
    [false, { ...at6, protocol: 'udp', sourcePort: 61000, destinationPort: 33434, length: 128 }],
  ])('of IPv6: %s, %j', (expected, packet) => {
    expect(isOfProbe(packet, probe6)).toBe(expected);
  });
});
