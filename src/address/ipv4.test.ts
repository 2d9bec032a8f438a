import { containsCidr, excludeCidr, mergeCidr, normalizeCidr, overlapCidr } from 'cidr-tools';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, excludeSubnets, mergeSubnets, overlaps, sortSubnets, withoutHostBits } from './cidr.ts';

/** Few bits at both ends and in the middle of the address space, so that random subnets overlap often. */
const prefix = fc
  .record({ base: fc.constantFrom(0, 10 * 2 ** 24, 2 ** 32 - 32), host: fc.nat(31), length: fc.nat(32) })
  .map(({ base, host, length }) => {
    const number = base + host;
    const bytes = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);
    return `${bytes.join('.')}/${length > 26 ? length : length < 3 ? length : 27 + (length % 6)}`;
  });
const subnet = prefix.map((text) => normalizeCidr(text));
const subnets = fc.array(subnet, { maxLength: 8 });
const runs = { numRuns: 2000 };

describe('IPv4 arithmetic with numbers', () => {
  it('compares two subnets like cidr-tools', () => {
    fc.assert(
      fc.property(prefix, subnet, subnet, (some, a, b) => {
        expect(withoutHostBits(some)).toBe(normalizeCidr(some));
        expect(overlaps(a, b)).toBe(overlapCidr(a, b));
        expect(contains(a, b)).toBe(containsCidr(a, b));
        const [address = ''] = some.split('/');
        expect(contains(a, address)).toBe(containsCidr(a, address));
      }),
      runs,
    );
  });

  it('merges and excludes subnets like cidr-tools', () => {
    fc.assert(
      fc.property(subnets, subnets, (some, others) => {
        expect(mergeSubnets(some)).toEqual(sortSubnets(mergeCidr(some)));
        expect(excludeSubnets(some, others)).toEqual(sortSubnets(excludeCidr(some, others)));
      }),
      runs,
    );
  });

  it('handles the whole address space', () => {
    expect(mergeSubnets(['128.0.0.0/1', '0.0.0.0/1'])).toEqual(['0.0.0.0/0']);
    expect(excludeSubnets(['0.0.0.0/0'], ['255.255.255.255/32', '0.0.0.0/1'])).toHaveLength(31);
  });
});
