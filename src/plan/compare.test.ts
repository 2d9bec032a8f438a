import { describe, expect, it } from 'vitest';
import type { NftSet } from '../kinds/nft-table/schema.ts';
import { sameObject } from './compare.ts';

function set(...elements: readonly string[]): NftSet {
  return { kind: 'nft-set', name: 's', exact: true, type: ['ipv4_addr'], counted: false, elements };
}

describe('two sets', () => {
  it.each<[string, NftSet, NftSet, boolean]>([
    ['in the same order', set('10.0.0.0', '10.0.1.0'), set('10.0.0.0', '10.0.1.0'), true],
    ['in the order of the kernel', set('10.0.0.0', '10.0.1.0'), set('10.0.1.0', '10.0.0.0'), true],
    ['with different elements', set('10.0.0.0', '10.0.1.0'), set('10.0.0.0', '10.0.2.0'), false],
    ['one with a duplicate element', set('10.0.0.0', '10.0.1.0'), set('10.0.0.0', '10.0.0.0'), false],
    ['one with more elements', set('10.0.0.0'), set('10.0.0.0', '10.0.1.0'), false],
    ['one with counters', set('10.0.0.0'), { ...set('10.0.0.0'), counted: true }, false],
    ['one filled by packets', set(), { ...set(), dynamic: true }, false],
  ])('%s', (_, a, b, same) => {
    expect([sameObject(a, b), sameObject(b, a)]).toEqual([same, same]);
  });
});
