import { describe, expect, it } from 'vitest';
import { parseTargets, unansweredTarget } from './target.ts';

describe('parseTargets', () => {
  it('reads addresses with and without a port', () => {
    expect(parseTargets(['192.0.2.7', '192.0.2.8:443'])).toEqual([
      { address: '192.0.2.7' },
      { address: '192.0.2.8', port: 443 },
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
    ['2001:db8::1', /IPv6 targets cannot be verified yet/],
    ['[2001:db8::1]:443', /IPv6 targets cannot be verified yet/],
  ])('refuses %j', (text, message) => {
    expect(() => parseTargets([text])).toThrow(message);
  });
});

describe('unansweredTarget', () => {
  it.each([
    [[], '192.0.2.1'],
    [['192.0.2.0/24', '2001:db8::/32'], '198.51.100.1'],
    [['192.0.2.0/24', '198.51.0.0/16'], '203.0.113.1'],
  ])('stays out of %j', (avoid, address) => {
    expect(unansweredTarget(avoid)).toEqual({ address });
  });

  it('knows when none is left', () => {
    expect(unansweredTarget(['0.0.0.0/0'])).toBeUndefined();
  });
});
