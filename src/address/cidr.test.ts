import { isIPv4 } from 'node:net';
import { normalizeCidr } from 'cidr-tools';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressesFromTop,
  contains,
  familyOf,
  findOverlaps,
  mergeSubnets,
  overlaps,
  parseAddress,
  parseSubnet,
  prefixLength,
  sortSubnets,
} from './cidr.ts';
import { isSubnet4 } from './range.ts';

describe('parseAddress', () => {
  it.each([
    ['192.168.50.2', '192.168.50.2'],
    ['0.0.0.0', '0.0.0.0'],
    ['2001:DB8:0:0:0:0:0:2', '2001:db8::2'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['::', '::'],
  ])('%s is %s', (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  it.each([
    '',
    ' 10.0.0.1',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1/32',
    'fe80::1%eth0',
    ':::',
    'gw1',
    '10.0.0.1\n',
  ])('rejects %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('parseSubnet', () => {
  it.each([
    ['10.89.4.0/24', '10.89.4.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.1/32', '10.0.0.1/32'],
    ['2001:DB8::/32', '2001:db8::/32'],
  ])('%s is %s', (text, subnet) => {
    expect(parseSubnet(text)).toBe(subnet);
  });

  it.each([
    ['10.89.4.1/24', '10.89.4.0/24'],
    ['10.0.0.1/0', '0.0.0.0/0'],
    ['2001:db8::1/64', '2001:db8::/64'],
  ])('rejects %s with host bits, and suggests %s', (text, subnet) => {
    expect(parseSubnet(text)).toEqual({ kind: 'host-bits', subnet });
  });

  it.each([
    '10.89.4.0',
    '10.89.4.0/',
    '10.89.4.0/33',
    '10.89.4.0/024',
    '10.89.4.0/-1',
    '10.89.4.0/24/8',
    '10.89.4/24',
    '::/129',
    '/24',
    '',
  ])('rejects %j', (text) => {
    expect(parseSubnet(text)).toEqual({ kind: 'not-a-subnet' });
  });
});

describe('isSubnet4', () => {
  const nearly = fc
    .tuple(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant('07')), { minLength: 3, maxLength: 5 }),
      fc.integer({ min: 0, max: 34 }),
    )
    .map(([parts, length]) => `${parts.join('.')}/${length}`);

  it('is true only for canonical subnets', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearly,
          nearly.map((text) => text.replace(/^(\d+)\..*\//, '$1.0.0.0/')),
        ),
        (text) => {
          const [address = '', length = ''] = text.split('/');
          const canonical = isIPv4(address) && Number(length) <= 32 && normalizeCidr(text) === text;
          expect(isSubnet4(text)).toBe(canonical);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8 ',
    ' 10.0.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/8\n',
    '::/0',
  ])('is false for %j', (text) => expect(isSubnet4(text)).toBe(false));
});

describe('relations', () => {
  it.each([
    ['10.0.0.0/8', '10.89.4.0/24', true],
    ['10.89.4.0/24', '10.0.0.0/8', true],
    ['10.89.4.0/24', '10.89.5.0/24', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlaps(a, b)).toBe(expected);
  });

  it.each([
    ['10.89.4.0/24', '10.89.4.255', true],
    ['10.89.4.0/24', '10.89.5.0', false],
    ['10.89.4.0/24', '10.89.4.128/25', true],
    ['10.89.4.128/25', '10.89.4.0/24', false],
    ['::/0', '10.89.4.1', false],
  ])('%s contains %s: %s', (subnet, inner, expected) => {
    expect(contains(subnet, inner)).toBe(expected);
  });

  it('returns families and prefix lengths', () => {
    expect([familyOf('10.0.0.1'), familyOf('::/0')]).toEqual([4, 6]);
    expect([prefixLength('10.0.0.0/8'), prefixLength('::/0')]).toEqual([8, 0]);
  });
});

describe('sets', () => {
  it('merges adjacent and contained subnets', () => {
    expect(mergeSubnets(['10.0.1.0/24', '10.0.0.0/24', '10.0.0.128/25', '2001:db8::/32'])).toEqual([
      '10.0.0.0/23',
      '2001:db8::/32',
    ]);
    expect(mergeSubnets([])).toEqual([]);
  });

  it('sorts by family, address as a number, and widest first', () => {
    expect(sortSubnets(['::/0', '10.10.0.0/16', '10.9.0.0/24', '10.9.0.0/16'])).toEqual([
      '10.9.0.0/16',
      '10.9.0.0/24',
      '10.10.0.0/16',
      '::/0',
    ]);
  });
});

describe('addressesFromTop', () => {
  it.each([
    ['10.89.4.0/29', ['10.89.4.6', '10.89.4.5', '10.89.4.4', '10.89.4.3', '10.89.4.2', '10.89.4.1']],
    ['10.89.4.0/31', []],
    ['10.89.4.0/32', []],
    ['2001:db8::/126', ['2001:db8::2', '2001:db8::1']],
  ])('of %s', (subnet, addresses) => {
    expect([...addressesFromTop(subnet)]).toEqual(addresses);
  });

  it('lists addresses lazily', () => {
    const [first] = addressesFromTop('2001:db8::/64');
    expect(first).toBe('2001:db8::ffff:ffff:ffff:fffe');
  });
});

/** Few bits, so that random subnets overlap often. */
const subnet = fc
  .record({ family: fc.constantFrom(4, 6), bits: fc.nat(255), prefix: fc.integer({ min: 0, max: 8 }) })
  .map(({ family, bits, prefix }) => {
    const network = bits & ~(0xff >> prefix) & 0xff;
    return family === 4
      ? `10.0.0.${network}/${24 + prefix}`
      : prefix + 120 === 128 && network === 0
        ? '2001:db8::/128'
        : `2001:db8::${network.toString(16)}/${120 + prefix}`;
  })
  .map((text) => parseSubnet(text))
  .filter((parsed) => typeof parsed === 'string');

describe('findOverlaps', () => {
  it('names the outer subnet first, and the earlier one of two equal ones', () => {
    const items = [{ subnet: '10.0.0.0/24' }, { subnet: '10.0.0.0/8' }, { subnet: '10.0.0.0/24' }];
    const [small, wide, again] = items;
    expect(findOverlaps(items)).toEqual([
      [wide, small],
      [wide, again],
    ]);
    expect(findOverlaps([])).toEqual([]);
  });

  it('finds each subnet inside another one, like a comparison of all pairs', () => {
    fc.assert(
      fc.property(fc.array(subnet, { maxLength: 12 }), (subnets) => {
        const items = subnets.map((text, index) => ({ subnet: text, index }));
        const found = findOverlaps(items);
        for (const [outer, inner] of found) {
          expect(outer.index).not.toBe(inner.index);
          expect(contains(outer.subnet, inner.subnet)).toBe(true);
        }
        const inside = items.filter((item) =>
          items.some(
            (other) =>
              contains(other.subnet, item.subnet) &&
              (other.subnet !== item.subnet || other.index < item.index),
          ),
        );
        expect(found.map(([, inner]) => inner.index).sort((a, b) => a - b)).toEqual(
          inside.map(({ index }) => index),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
