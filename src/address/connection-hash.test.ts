import { expect, it } from 'vitest';
import { slotOf } from './connection-hash.ts';

/** What Linux 6.18 with nft 1.0.6 wrote: `meta mark set jhash ip saddr . ip daddr mod 256 seed 0x1`. */
it.each([
  ['10.0.0.1', '10.0.0.2', 0xc3],
  ['10.0.0.1', '10.0.0.3', 0x28],
  ['10.0.0.1', '10.0.0.5', 0x09],
  ['10.0.0.1', '10.0.0.6', 0x63],
  ['10.0.0.1', '10.0.0.9', 0xf6],
  ['fd00::1', 'fd00::2', 0xab],
  ['fd00::1', 'fd00::3', 0x2a],
  ['fd00::1', 'fd00::8', 0xf3],
  ['fd00::1', 'fd00::9', 0x11],
])('%s to %s has the slot that the kernel gives it', (source, destination, slot) => {
  expect(slotOf(source, destination, 256, 1)).toBe(slot);
});

it('uses all slots alike', () => {
  const counts = Array.from({ length: 8 }, () => 0);
  for (let i = 0; i < 8000; i += 1) {
    const slot = slotOf(`10.89.${i >> 8}.${i & 255}`, '203.0.113.10', counts.length, 1);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
