import { describe, expect, it } from 'vitest';
import type { NftChain, NftSet } from '../kinds/nft-table/schema.ts';
import { changeTable, replaceTable } from './nft-text.ts';

const set = (name: string, elements: readonly string[], more: Partial<NftSet> = {}): NftSet => ({
  kind: 'nft-set',
  name,
  type: ['ipv4_addr'],
  counted: false,
  elements,
  ...more,
});
const chain = (name: string, rules: readonly string[], more: Partial<NftChain> = {}): NftChain => ({
  kind: 'nft-chain',
  name,
  rules,
  ...more,
});
const a = set('a', ['10.89.4.0/24']);
const main = chain('main', ['ip saddr @a jump more'], {
  hook: { type: 'filter', hook: 'forward', priority: -1 },
});
const more = chain('more', ['drop']);

describe('an nft text', () => {
  it('creates a table: objects come before the rules that name them', () => {
    expect(
      changeTable(
        [],
        [a, set('b', ['10.1.0.0/16 . "gre1"'], { type: ['ipv4_addr', 'ifname'], counted: true }), main, more],
      ),
    ).toBe(
      `add table inet mustredirect
add chain inet mustredirect main { type filter hook forward priority -1; policy accept; }
add chain inet mustredirect more
add set inet mustredirect a { type ipv4_addr; flags interval; }
add set inet mustredirect b { type ipv4_addr . ifname; flags interval; counter; }
add element inet mustredirect a { 10.89.4.0/24 }
add element inet mustredirect b { 10.1.0.0/16 . "gre1" }
add rule inet mustredirect main ip saddr @a jump more
add rule inet mustredirect more drop
`,
    );
  });

  it('deletes the drop counter of a removed subnet, even if it has none', () => {
    const counts = set('dropped4_24', [], { exact: true, dynamic: true, counted: true });
    const redirected = (...elements: readonly string[]) => set('redirected4_24', elements, { exact: true });
    expect(
      changeTable([redirected('10.89.4.0', '10.89.5.0'), counts], [redirected('10.89.4.0'), counts]),
    ).toBe(
      `delete element inet mustredirect redirected4_24 { 10.89.5.0 }
add element inet mustredirect dropped4_24 { 10.89.5.0 }
delete element inet mustredirect dropped4_24 { 10.89.5.0 }
`,
    );
    expect(changeTable([], [counts])).toBe(
      `add table inet mustredirect
add set inet mustredirect dropped4_24 { type ipv4_addr; size 65535; flags dynamic; counter; }
`,
    );
  });

  it('changes only what differs, and deletes elements before it adds those that overlap them', () => {
    expect(changeTable([a, main, more], [set('a', ['10.89.4.0/23']), main, more])).toBe(
      `delete element inet mustredirect a { 10.89.4.0/24 }
add element inet mustredirect a { 10.89.4.0/23 }
`,
    );
  });

  it('takes away rules before chains and sets that they name', () => {
    expect(
      changeTable(
        [a, main, more],
        [chain('main', [], { hook: main.hook ?? { type: 'filter', hook: 'forward', priority: 0 } })],
      ),
    ).toBe(
      `flush chain inet mustredirect main
flush chain inet mustredirect more
delete set inet mustredirect a
delete chain inet mustredirect more
`,
    );
  });

  it.each([
    ['a set’s type', set('a', ['10.89.4.0/24'], { counted: true })],
    ['a chain’s hook', { ...main, hook: { type: 'filter', hook: 'forward', priority: -2 } } as const],
  ])('makes the whole table anew for %s', (_, other) => {
    const to = [a, main, more].map((object) => (object.name === other.name ? other : object));
    expect(changeTable([a, main, more], to)).toBe(replaceTable(to));
    expect(replaceTable(to)).toMatch(
      /^add table inet mustredirect\ndelete table inet mustredirect\nadd table/,
    );
  });

  it.each([
    ['set', { ...a, foreign: ['{"range":["10.9.0.1","10.9.0.6"]}'] }],
    ['chain', { ...main, foreign: ['{"log":null}'] }],
  ])('makes the whole table anew when a %s has what nobody has a text for', (_, other) => {
    const from = [a, main, more].map((object) => (object.name === other.name ? other : object));
    expect(changeTable(from, [a, main, more])).toBe(replaceTable([a, main, more]));
    expect(replaceTable(from)).toBe(replaceTable([a, main, more]));
  });

  it('takes the whole table away', () => {
    expect(changeTable([a, main, more], [])).toBe('delete table inet mustredirect\n');
  });
});
