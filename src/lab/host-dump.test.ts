import { describe, expect, it } from 'vitest';
import { compareDumps, inOneOrder } from './host-dump.ts';

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

describe('a ruleset in one order', () => {
  const table = (...objects: readonly string[]): string => `table inet x {\n${objects.join('\n\n')}\n}\n`;
  const [a, b] = ['\tset a {\n\t\telements = { 10.0.0.0,\n\t\t\t     10.0.2.0 }\n\t}', '\tset b {\n\t}'];
  const turned = '\tset a {\n\t\telements = { 10.0.2.0, 10.0.0.0 }\n\t}';
  const rules = ['accept', 'drop'];
  const chain = (some: readonly string[]): string =>
    `\tchain c {\n${some.map((rule) => `\t\t${rule}`).join('\n')}\n\t}`;

  it('is the same whatever was made first, and however elements are hashed', () => {
    const text = inOneOrder(table(a ?? '', b ?? '', chain(rules)));
    expect(inOneOrder(table(b ?? '', chain(rules), turned))).toBe(text);
    expect(inOneOrder(table(b ?? '', chain(rules)))).not.toBe(text);
  });

  it('keeps the order of rules', () => {
    expect(inOneOrder(table(chain(rules)))).not.toBe(inOneOrder(table(chain(rules.toReversed()))));
  });
});
