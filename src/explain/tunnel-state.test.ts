import { describe, expect, it } from 'vitest';
import type { OuterPath } from '../host/ip/outer-path.ts';
import type { Received, Sent, TunnelDevice } from '../host/ip/tunnel-devices.ts';
import { tunnelStateText, verdictOf } from './tunnel-state.ts';

const path: OuterPath = { device: 'eth1', via: '192.0.2.2', source: '192.0.2.1', mtu: 1500 };

function tunnel(sent: Partial<Sent>, received: Partial<Received> = {}): TunnelDevice {
  return {
    device: 'gre1',
    kind: 'gre',
    local: '192.0.2.1',
    remote: '198.51.100.1',
    mtu: 1476,
    sent: { packets: 0, bytes: 0, unrouted: 0, circles: 0, ...sent },
    received: { packets: 0, bytes: 0, checksum: 0, sequence: 0, ...received },
  };
}

describe('whether packets go both ways', () => {
  it.each<[string, TunnelDevice, number, OuterPath, string, string]>([
    ['both ways', tunnel({ packets: 9 }, { packets: 1 }), 9, path, 'both-ways', 'packets come back'],
    [
      'only out',
      tunnel({ packets: 9 }),
      9,
      path,
      'silent',
      'the far end 198.51.100.1 does not answer: `mustredirect verify` tells at which end',
    ],
    [
      'only out, and none of a container',
      tunnel({ packets: 3 }),
      0,
      path,
      'unused',
      'no container has sent through gre1 yet, and the far end has sent nothing',
    ],
    ['none', tunnel({}), 0, path, 'unused', 'no packet yet'],
    [
      'none, for want of a route',
      tunnel({ unrouted: 4 }),
      4,
      path,
      'unused',
      'no packet yet; 4 packets had no route to the far end',
    ],
    [
      'refused ones',
      tunnel({ packets: 9 }, { checksum: 2 }),
      9,
      path,
      'broken',
      '2 packets were refused: the far end must use checksums of GRE as this end does',
    ],
    [
      'without a path',
      tunnel({ packets: 9 }),
      9,
      { error: 'no route to 198.51.100.1' },
      'broken',
      'no route to 198.51.100.1',
    ],
  ])('%s', (_, device, redirected, outer, state, text) => {
    expect(verdictOf(device, outer, redirected, 1000)).toEqual({ state, text });
  });

  it('of WireGuard is told by its last handshake', () => {
    const idle = { ...tunnel({ packets: 9 }, { packets: 9 }), kind: 'wireguard' } as const;
    const verdict = (handshake?: number) =>
      verdictOf(
        { ...idle, wireguard: { port: 51820, ...(handshake === undefined ? {} : { handshake }) } },
        path,
        9,
        1000,
      );
    expect(verdict(988)).toEqual({ state: 'both-ways', text: 'last handshake 12 s ago' });
    expect(verdict(500).text).toBe(
      'last handshake 500 s ago: a newer one comes with the next packet, if the far end answers',
    );
    expect(verdict().state).toBe('silent');
  });

  it('is one line', () => {
    const device = tunnel({ packets: 9, bytes: 900 });
    const verdict = { state: 'silent', text: 'no answer' } as const;
    expect(tunnelStateText({ ...device, path: { ...path, learnedMtu: 1400 }, verdict })).toBe(
      'gre1 mtu 1476 to 198.51.100.1 by eth1 via 192.0.2.2 from 192.0.2.1 mtu 1500 (a router on the way: 1400): 9 packets out (900 bytes), 0 in (0 bytes): no answer',
    );
  });
});
