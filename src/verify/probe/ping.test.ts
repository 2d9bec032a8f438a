import { describe, expect, it } from 'vitest';
import { decodePing } from './ping.ts';

describe('decodePing', () => {
  it.each([
    ['busybox', '108 bytes from 192.0.2.1: seq=0 ttl=63 time=0.422 ms\n', 0.422],
    ['iputils', '108 bytes from 192.0.2.1: icmp_seq=1 ttl=63 time=12.3 ms\n', 12.3],
    ['nobody', '1 packets transmitted, 0 packets received, 100% packet loss\n', undefined],
    ['a router', 'From 192.168.50.2 icmp_seq=1 Destination Host Unreachable\n', undefined],
  ])('by %s', (_, stdout, expected) => {
    expect(decodePing(stdout)).toBe(expected);
  });
});
