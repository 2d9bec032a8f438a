import { describe, expect, it } from 'vitest';
import { openTunnel } from './open-tunnel.ts';

describe('a tunnel that accepts packets from any sender', () => {
  it.each([
    ['vxlan', { id: 5, port: 4789 }, 'udp dport 4789'],
    ['vxlan', { id: 5, remote: '192.0.2.1', port: 4789 }, 'udp dport 4789'],
    ['vxlan', { external: true, port: 0 }, 'udp dport 8472'],
    ['geneve', { id: 5, port: 6081 }, 'udp dport 6081'],
    ['bareudp', { port: 6635 }, 'udp dport 6635'],
    ['gre', { remote: 'any', local: '192.168.50.10' }, 'meta l4proto 47'],
    ['ip6gre', { remote: '::' }, 'meta l4proto 47'],
    ['ipip', { remote: 'any' }, 'meta l4proto 4'],
    ['sit', { remote: '0.0.0.0' }, 'meta l4proto { 4, 41 }'],
  ])('%s %o', (kind, data, match) => {
    expect(openTunnel(kind, data)).toBe(match);
  });

  it.each([
    ['geneve', { id: 5, remote: '192.0.2.1', port: 6081 }],
    ['geneve', { id: 5, remote6: '2001:db8::1', port: 6081 }],
    ['gre', { remote: '192.0.2.1' }],
    ['wireguard', {}],
    ['veth', {}],
    ['constructor', {}],
    [undefined, {}],
  ])('is not %s %o', (kind, data) => {
    expect(openTunnel(kind, data)).toBeUndefined();
  });
});
