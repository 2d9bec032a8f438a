import { describe, expect, it } from 'vitest';
import type { NftChain, NftSet } from '../kinds/nft-table/schema.ts';
import { unionTable } from './union-table.ts';

const set = (name: string): NftSet => ({
  kind: 'nft-set',
  name,
  type: ['ipv4_addr'],
  counted: false,
  elements: ['10.0.0.0/24'],
});
const guard = (rules: readonly string[]): NftChain => ({ kind: 'nft-chain', name: 'guard', rules });

describe('the union of the old and the new table', () => {
  const [drop4, drop6] = ['ip saddr @redirected4_32 goto drop4', 'ip6 saddr @redirected6_128 goto drop6'];

  it.each<[string, readonly string[], readonly string[]]>([
    ['keeps old drop rules that no wanted rule replaces', [drop4, drop6], [drop4, drop6]],
    ['keeps no foreign rule', ['accept', drop4], [drop4]],
    ['keeps no old rule on sets that still exist', ['ip saddr @redirected4_32 return', drop4], [drop4]],
  ])('%s', (_, before, wide) => {
    const found = [set('redirected4_32'), set('redirected6_128'), guard(before)];
    const wanted = [set('redirected4_32'), guard([drop4])].map((object) => ({ object, why: '' }));
    expect(unionTable(found, wanted).map(({ object }) => object)).toContainEqual(guard(wide));
  });
});
