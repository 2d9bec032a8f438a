import { describe, expect, it } from 'vitest';
import { parseTargets, unansweredTarget } from './target.ts';

describe('parseTargets', () => {
  it('reads addresses with and without a port', () => {
    const texts = ['192.0.2.7', '192.0.2.8:443', '2001:DB8:0::7', '[2001:db8::8]:443', '[2001:db8::9]'];
    expect(parseTargets(texts)).toEqual([
      { address: '192.0.2.7' },
      { address: '192.0.2.8', port: 443 },
      { address: '2001:db8::7' },
      { address: '2001:db8::8', port: 443 },
      { address: '2001:db8::9' },
    ]);
  });

  it.each([
    ['example.org', /--to example\.org: not an address/],
    ['example.org:80', /not an address/],
    ['192.0.2.7:0', /not an address/],
    ['192.0.2.7:65536', /not an address/],
    ['192.0.2.7:', /not an address/],
    ['010.1.1.1', /not an address/],
    ['', /not an address/],
    ['[2001:db8::1]:0', /not an address/],
    ['[2001:db8::1', /not an address/],
    ['[192.0.2.7]:443', /not an address/],
    ['2001:db8::1%eth0', /not an address/],
    ['fe80::1', /--to fe80::1: is a link-local or multicast address/],
    ['[ff02::1]:443', /is a link-local or multicast address/],
  ])('refuses %j', (text, message) => {
    expect(() => parseTargets([text])).toThrow(message);
  });
});

describe('unansweredTarget', () => {
  it.each([
    [[], 4, '192.0.2.1'],
    [['192.0.2.0/24', '2001:db8::/32'], 4, '198.51.100.1'],
    [['192.0.2.0/24', '198.51.0.0/16'], 4, '203.0.113.1'],
    [['0.0.0.0/0'], 6, '2001:db8::1'],
    [['2001:db8::/64'], 6, '3fff::1'],
    [['2001:db8::/64', '3fff::/20'], 6, '2001:db8:ffff::1'],
  ] as const)('avoids %j, IPv%i', (avoid, family, address) => {
    expect(unansweredTarget(avoid, family)).toEqual({ address });
  });

  it('returns undefined when no address is left', () => {
    expect(unansweredTarget(['0.0.0.0/0'], 4)).toBeUndefined();
    expect(unansweredTarget(['2001:db8::/32', '3fff::/20'], 6)).toBeUndefined();
  });
});
