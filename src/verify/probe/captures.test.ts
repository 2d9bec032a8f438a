import { describe, expect, it } from 'vitest';
import type { Packet } from '../../host/capture/packet.ts';
import { mergeCaptures } from './captures.ts';

const packet: Packet = {
  protocol: 'udp',
  source: '10.89.4.5',
  destination: '192.0.2.1',
  sourcePort: 20001,
  destinationPort: 53,
  ttl: 63,
  length: 60,
};
const seen = (linkIndex: number, direction: 'in' | 'out') => ({ ...packet, linkIndex, direction });
const links = ['br0', 'eth0', 'eth1'].map((name, i) => ({
  name,
  index: i + 2,
  ethernet: true,
  addresses: [],
}));
const toMac = '46:5b:c9:e1:d8:75';

describe('sightingsOf', () => {
  it('names the links, and takes packets on a wanted link from the capture of that link', () => {
    const all = [seen(2, 'in'), seen(3, 'out'), seen(3, 'in'), seen(4, 'out')];
    const captured = [
      { packets: all, lost: 0 },
      { packets: [{ ...packet, toMac }], lost: 0 },
    ];
    const { packets } = mergeCaptures(captured, links, ['eth0']);
    expect(packets.map(({ link, direction }) => `${link} ${direction}`)).toEqual([
      'br0 in',
      'eth0 in',
      'eth1 out',
      'eth0 out',
    ]);
    expect(packets[3]).toEqual({ ...packet, link: 'eth0', direction: 'out', toMac });
  });

  it('keeps packets that left by an unknown link', () => {
    const { packets } = mergeCaptures([{ packets: [seen(9, 'out')], lost: 0 }], links, []);
    expect(packets).toMatchObject([{ link: 'link 9', direction: 'out' }]);
  });

  it('adds up losses of all captures', () => {
    const captured = [3, 0, 4].map((lost) => ({ packets: [], lost }));
    expect(mergeCaptures(captured, links, ['eth0', 'eth1']).lost).toBe(7);
  });
});
