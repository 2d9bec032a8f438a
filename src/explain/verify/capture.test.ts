import { describe, expect, it } from 'vitest';
import { lostPackets } from './capture.ts';

describe('lostPackets', () => {
  it.each([
    ['15 packets captured\n15 packets received by filter\n0 packets dropped by kernel\n', 0],
    ['1 packet captured\n3 packets received by filter\n1 packet dropped by kernel\n', 1],
    [
      '0 packets captured\n9 packets received by filter\n7 packets dropped by kernel\n2 packets dropped by interface\n',
      9,
    ],
  ])('of %j', (stderr, expected) => {
    expect(lostPackets(stderr)).toBe(expected);
  });
});
