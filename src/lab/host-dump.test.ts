import { describe, expect, it } from 'vitest';
import { compareDumps, sortRuleset } from './host-dump.ts';

const dump = { 'ip rule': ['0: from all lookup local', '32766: from all lookup main'], nft: [] };

describe('compareDumps', () => {
  it('returns no difference for equal dumps', () => {
    expect(compareDumps(dump, { ...dump })).toEqual([]);
  });

  it('lists added and removed lines', () => {
    const changed = { 'ip rule': ['0: from all lookup local'], nft: ['table inet x {', '}'] };
    expect(compareDumps(dump, changed)).toEqual([
      '- ip rule: 32766: from all lookup main',
      '+ nft: table inet x {',
      '+ nft: }',
    ]);
  });

  it('detects another order, and duplicate lines', () => {
    const turned = { ...dump, 'ip rule': dump['ip rule'].toReversed() };
    expect(compareDumps(dump, turned)).toEqual(['~ ip rule: the same lines, another order or number']);
    const doubled = { ...dump, 'ip rule': [...dump['ip rule'], '32766: from all lookup main'] };
    expect(compareDumps(dump, doubled)).toEqual(['~ ip rule: the same lines, another order or number']);
  });
});

describe('sortRuleset', () => {
  const table = (...objects: readonly string[]): string => `table inet x {\n${objects.join('\n\n')}\n}\n`;
  const [a, b] = ['\tset a {\n\t\telements = { 10.0.0.0,\n\t\t\t     10.0.2.0 }\n\t}', '\tset b {\n\t}'];
  const turned = '\tset a {\n\t\telements = { 10.0.2.0, 10.0.0.0 }\n\t}';
  const rules = ['accept', 'drop'];
  const chain = (some: readonly string[]): string =>
    `\tchain c {\n${some.map((rule) => `\t\t${rule}`).join('\n')}\n\t}`;

  it('sorts sets, chains and elements', () => {
    const text = sortRuleset(table(a ?? '', b ?? '', chain(rules)));
    expect(sortRuleset(table(b ?? '', chain(rules), turned))).toBe(text);
    expect(sortRuleset(table(b ?? '', chain(rules)))).not.toBe(text);
  });

  it('keeps the order of rules', () => {
    expect(sortRuleset(table(chain(rules)))).not.toBe(sortRuleset(table(chain(rules.toReversed()))));
  });
});
