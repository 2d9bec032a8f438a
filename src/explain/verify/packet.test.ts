import { describe, expect, it } from 'vitest';
import { decodeAnyLine, decodeLinkLine } from './packet.ts';

// Recorded from tcpdump 4.99.3 with libpcap 1.10.3.
describe('decodeAnyLine', () => {
  it.each([
    [
      'vc    In  IP 10.89.4.5 > 192.0.2.1: ICMP echo request, id 4953, seq 0, length 108',
      { link: 'vc', direction: 'in', protocol: 'icmp', length: 108 },
    ],
    [
      'br0   In  IP 10.89.4.5.20001 > 192.0.2.1.443: tcp 0',
      { link: 'br0', direction: 'in', protocol: 'tcp', sourcePort: 20001, destinationPort: 443, length: 0 },
    ],
    [
      'eth0  Out IP 10.89.4.5.20001 > 192.0.2.1.53: UDP, length 32',
      { link: 'eth0', direction: 'out', protocol: 'udp', sourcePort: 20001, destinationPort: 53, length: 32 },
    ],
    [
      'tun0  Out IP 10.89.4.5 > 192.0.2.1: ICMP echo request, id 5714, seq 0, length 108',
      { link: 'tun0', direction: 'out', protocol: 'icmp', length: 108 },
    ],
  ])('%s', (line, expected) => {
    expect(decodeAnyLine(line)).toEqual({ source: '10.89.4.5', destination: '192.0.2.1', ...expected });
  });

  it.each([
    '',
    'eth0  Out ARP, Request who-has 192.168.50.2 tell 192.168.50.10, length 28',
    'eth0  Out IP 10.89.4.5 > 192.0.2.1: ICMP echo reply, id 4953, seq 0, length 108',
  ])('passes over %j', (line) => {
    expect(decodeAnyLine(line)).toBeUndefined();
  });
});

describe('decodeLinkLine', () => {
  it('tells whom an Ethernet frame is for', () => {
    const line =
      '7a:99:7e:ed:71:ce > 46:5b:c9:e1:d8:75, IPv4, length 74: 10.89.4.5.20001 > 192.0.2.1.443: tcp 0';
    expect(decodeLinkLine(line, 'eth0')).toEqual({
      link: 'eth0',
      direction: 'out',
      toMac: '46:5b:c9:e1:d8:75',
      protocol: 'tcp',
      source: '10.89.4.5',
      sourcePort: 20001,
      destination: '192.0.2.1',
      destinationPort: 443,
      length: 0,
    });
  });

  it('knows links without such addresses', () => {
    expect(decodeLinkLine('ip: 10.5.0.1.20001 > 192.0.2.1.53: UDP, length 32', 'tun0')).toEqual({
      link: 'tun0',
      direction: 'out',
      protocol: 'udp',
      source: '10.5.0.1',
      sourcePort: 20001,
      destination: '192.0.2.1',
      destinationPort: 53,
      length: 32,
    });
  });
});
