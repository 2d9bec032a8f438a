import { describe, expect, it } from 'vitest';
import { tunnelEnds } from './tunnel-ends.ts';

describe('the ends of a tunnel, as iproute2 6.1 prints them on Linux 6.1', () => {
  const ends4 = { local: '192.0.2.1', remote: '192.0.2.2' };
  const ends6 = { local: '2001:db8::1', remote: '2001:db8::2' };
  it.each([
    [
      'gre',
      { ...ends4, ttl: 64, pmtudisc: true, ikey: '0.0.0.7', okey: '0.0.0.7' },
      { ...ends4, key: 7, ttl: 64 },
    ],
    [
      'gre',
      { ...ends4, ttl: 0, pmtudisc: true, okey: '255.255.255.255' },
      { ...ends4, key: 0xffffffff, ttl: 0 },
    ],
    ['gre', { ...ends4, ttl: 0, pmtudisc: true }, { ...ends4, ttl: 0 }],
    [
      'ip6gre',
      { ...ends6, ttl: 64, ip6_tnl_f_ign_encap_limit: true, tclass: '0x00', flowlabel: '0x00000' },
      { ...ends6, ttl: 64 },
    ],
    [
      'sit',
      { proto: 'any', ...ends4, ttl: 64, pmtudisc: true, prefix: '2002::', prefixlen: 16 },
      { ...ends4, ttl: 64 },
    ],
    [
      'ip6tnl',
      { proto: 'any', ...ends6, ttl: 64, tclass: '0x00', flowlabel: '0x00000' },
      { ...ends6, ttl: 64 },
    ],
  ])('are read of kind %s', (type, data, expected) => {
    expect(tunnelEnds(type, data)).toEqual({ type, ...expected });
  });

  it.each([
    ['wireguard', undefined],
    ['gre', { local: 'any', remote: 'any', ttl: 0 }],
    ['vxlan', { ...ends4, ttl: 0 }],
    [undefined, undefined],
  ])('are those of kinds that we make only: %s %j', (type, data) => {
    expect(tunnelEnds(type, data)).toBeUndefined();
  });
});
