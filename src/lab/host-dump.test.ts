import { describe, expect, it } from 'vitest';
import { compareDumps } from './host-dump.ts';

const dump = { 'ip rule': ['0: from all lookup local', '32766: from all lookup main'], nft: [] };

describe('compareDumps', () => {
  it('finds no difference between equals', () => {
    expect(compareDumps(dump, { ...dump })).toEqual([]);
  });

  it('names what came and what went', () => {
    const changed = { 'ip rule': ['0: from all lookup local'], nft: ['table inet x {', '}'] };
    expect(compareDumps(dump, changed)).toEqual([
      '- ip rule: 32766: from all lookup main',
      '+ nft: table inet x {',
      '+ nft: }',
    ]);
  });

  it('sees another order, and a line that is there twice', () => {
    const turned = { ...dump, 'ip rule': dump['ip rule'].toReversed() };
    expect(compareDumps(dump, turned)).toEqual(['~ ip rule: the same lines, another order or number']);
    const doubled = { ...dump, 'ip rule': [...dump['ip rule'], '32766: from all lookup main'] };
    expect(compareDumps(dump, doubled)).toEqual(['~ ip rule: the same lines, another order or number']);
  });
});
