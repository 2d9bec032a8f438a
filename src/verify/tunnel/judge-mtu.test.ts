import { describe, expect, it } from 'vitest';
import { decodeFullSize } from './full-size.ts';
import { judgeMtu } from './judge-mtu.ts';
import type { FullSize } from './observation.ts';

const none = { packets: 0, bytes: 0 };
const tunnel = {
  device: 'gre1',
  kind: 'gre',
  remote: '198.51.100.1',
  key: 7,
  mtu: 1472,
  sent: { ...none, unrouted: 0, circles: 0 },
  received: { ...none, checksum: 0, sequence: 0 },
} as const;

describe('judgeMtu', () => {
  it.each<[FullSize, boolean | string, string]>([
    [{ kind: 'passed' }, true, 'a packet of 1472 bytes, the MTU of gre1, was answered'],
    [
      { kind: 'refused', mtu: 1372 },
      false,
      'gre1 has mtu 1472, and the path to 198.51.100.1 carries 1400 bytes outside; write `mtu: 1372` for the uplink',
    ],
    [
      { kind: 'lost', largest: 1392 },
      false,
      'packets of 1472 bytes, the MTU of gre1, are lost without a message, and those of 1392 bytes are answered; write `mtu: 1392` for the uplink',
    ],
    [
      { kind: 'lost' },
      false,
      'packets of 1472 bytes, the MTU of gre1, are lost without a message, and small ones are answered; look for what drops large packets on the way to 198.51.100.1, or at the far end',
    ],
    [{ kind: 'not-sent' }, 'not-checked', 'this ping cannot send packets that must not be fragmented'],
  ])('%j', (result, ok, evidence) => {
    const { remedy, ...found } = judgeMtu(tunnel, result);
    const text = remedy === undefined ? found.evidence : `${found.evidence}; ${remedy}`;
    expect({ ...found, evidence: text }).toEqual({ check: 'mtu', ok, evidence });
  });
});

describe('decodeFullSize', () => {
  const sent = '\n--- 172.31.0.2 ping statistics ---\n3 packets transmitted, 0 received, 100% packet loss';
  it.each([
    ['1480 bytes from 172.31.0.2: icmp_seq=1 ttl=64 time=0.79 ms', { kind: 'passed' }],
    [`From 172.31.0.1 icmp_seq=2 Frag needed and DF set (mtu = 1372)${sent}`, { kind: 'refused', mtu: 1372 }],
    [`ping: local error: message too long, mtu=1372${sent}`, { kind: 'refused', mtu: 1372 }],
    [`From 2001:db8::1 icmp_seq=2 Packet too big: mtu=1400${sent}`, { kind: 'refused', mtu: 1400 }],
    [sent, { kind: 'lost' }],
    ["ping: invalid option -- 'M'", undefined],
  ])('%s', (output, expected) => {
    expect(decodeFullSize(output)).toEqual(expected);
  });
});
