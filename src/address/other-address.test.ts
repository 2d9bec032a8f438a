import { describe, expect, it } from 'vitest';
import { nextAddress, otherAddress } from './cidr.ts';

describe('otherAddress', () => {
  it.each([
    ['172.31.0.1/30', '172.31.0.2'],
    ['172.31.0.6/30', '172.31.0.5'],
    ['172.31.0.0/31', '172.31.0.1'],
    ['172.31.0.255/31', '172.31.0.254'],
    ['2001:db8:31::1/126', '2001:db8:31::2'],
    ['2001:db8:31::/127', '2001:db8:31::1'],
    ['2001:db8:31::f/127', '2001:db8:31::e'],
    ['172.31.0.0/30', undefined],
    ['172.31.0.3/30', undefined],
    ['172.31.0.1/29', undefined],
    ['172.31.0.1/32', undefined],
    ['2001:db8:31::1/64', undefined],
    ['2001:db8:31::4/126', undefined],
  ])('of %s is %s', (prefix, expected) => {
    expect(otherAddress(prefix)).toBe(expected);
  });
});

describe('nextAddress', () => {
  it.each([
    ['172.31.0.2/30', '172.31.0.1'],
    ['172.31.0.1/24', '172.31.0.2'],
    ['172.31.0.254/24', '172.31.0.253'],
    ['2001:db8:31::1/64', '2001:db8:31::2'],
    ['172.31.0.1/32', undefined],
    ['2001:db8:31::1/128', undefined],
  ])('of %s is %s', (prefix, expected) => {
    expect(nextAddress(prefix)).toBe(expected);
  });
});
