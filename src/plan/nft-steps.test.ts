import { describe, expect, it } from 'vitest';
import type { NftChain, NftSet } from '../state/objects.ts';
import { wideTable } from './nft-steps.ts';

const set = (name: string): NftSet => ({
  kind: 'nft-set',
  name,
  type: ['ipv4_addr'],
  counted: false,
  elements: ['10.0.0.0/24'],
});
const guard = (rules: readonly string[]): NftChain => ({ kind: 'nft-chain', name: 'guard', rules });

describe('a table that holds the old and the new', () => {
  const [stop4, stop6] = ['ip saddr @stopped4 drop', 'ip6 saddr @stopped6 drop'];

  it.each<[string, readonly string[], readonly string[]]>([
    ['stops what it has stopped, though no wanted rule knows of it', [stop4, stop6], [stop4, stop6]],
    ['keeps no rule of somebody else', ['accept', stop4], [stop4]],
    ['keeps no old rule about what is still there', ['ip saddr @stopped4 return', stop4], [stop4]],
  ])('%s', (_, before, wide) => {
    const found = [set('stopped4'), set('stopped6'), guard(before)];
    const wanted = [set('stopped4'), guard([stop4])].map((object) => ({ object, why: '' }));
    expect(wideTable(found, wanted).map(({ object }) => object)).toContainEqual(guard(wide));
  });
});
