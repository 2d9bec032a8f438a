import { describe, expect, it } from 'vitest';
import { countPackets, leaksOf, leakTable } from './judge.ts';
import type { Crafted } from './packets.ts';
import type { Seen } from './run.ts';

const packet = (id: number, allowed: Crafted['allowed'], family: 4 | 6 = 4): Crafted => ({
  id,
  family,
  name: `packet ${id}`,
  source: 'own',
  allowed,
  frames: [],
});

const nothing: ReadonlySet<number> = new Set();
const nowhere: Seen = {
  isp: nothing,
  gateway: nothing,
  uplink: nothing,
  'other gateway': nothing,
  'other uplink': nothing,
  neighbour: nothing,
  near: nothing,
  post: nothing,
  plain: nothing,
  inside: nothing,
};

describe('leaksOf', () => {
  const packets = [packet(1, ['gateway']), packet(2, []), packet(3, [], 6)];
  const seen = { ...nowhere, gateway: new Set([1, 2]), isp: new Set([2, 3]), inside: new Set([3]) };

  it('lists packets seen at forbidden places, except inside the network', () => {
    const leaks = leaksOf(packets, seen);
    expect(leaks.map((leak) => [leak.place, leak.packet.id])).toEqual([
      ['isp', 2],
      ['isp', 3],
      ['gateway', 2],
    ]);
    expect([countPackets(leaks), countPackets(leaks, 4), countPackets(leaks, 6)]).toEqual([2, 1, 1]);
  });

  it('are printed by place', () => {
    expect(leakTable(leaksOf(packets, seen))).toBe('isp: 2\n  packet 2\n  packet 3\ngateway: 1\n  packet 2');
    expect(leakTable(leaksOf(packets, nowhere))).toBe('');
  });
});
