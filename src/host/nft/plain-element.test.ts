import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementText, ruleText } from './expression.ts';
import { countsOf, plainElement, plainGoto } from './plain-element.ts';

const numRuns = 3000;

const texts = fc.constantFrom<unknown>(
  '10.89.4.0',
  '10.89.4.7',
  '0.0.0.0',
  '010.89.4.0',
  '10.89.4',
  '10.89.4.256',
  ' 10.89.4.0',
  '10.89.4.0\n',
  '10.89.4.0/24',
  '10.89.4.7/24',
  'fd89:4::',
  '::ffff:10.89.4.0',
  'gre1',
  'a"b',
  'drop',
  '',
  7,
  null,
);
const lengths = fc.constantFrom<unknown>(24, 32, 0, 33, -1, 24.5, 1e21, '24', '024', null);
const extra = fc.constantFrom<object>(
  {},
  { range: ['10.9.0.1', '10.9.0.6'] },
  { prefix: { addr: '::', len: 0 } },
);
const prefixes = fc
  .tuple(extra, texts, lengths, extra)
  .map(([before, addr, len, after]) => ({ ...before, prefix: { addr, len }, ...after }));
const values = fc.oneof(
  texts,
  prefixes,
  fc.tuple(texts, texts).map((concat) => ({ concat })),
  fc.constantFrom<unknown>(
    { range: ['10.9.0.1', '10.9.0.6'] },
    { prefix: '10.89.4.0/24' },
    {},
    [],
    ['10.9.0.1'],
  ),
);
const numbers = fc.constantFrom<unknown>(0, 3, -1, 1.5, Number.POSITIVE_INFINITY, Number.NaN, '3', null);
const elements = fc.oneof(
  values,
  fc
    .record(
      { val: values, counter: fc.record({ packets: numbers, bytes: numbers }), timeout: numbers },
      { requiredKeys: [] },
    )
    .map((elem) => ({ elem })),
  values.map((elem) => ({ elem })),
);
const types = fc.constantFrom(
  ['ipv4_addr'],
  ['ipv6_addr'],
  ['ifname'],
  ['mark'],
  ['ipv4_addr', 'ifname'],
  [],
);

const counted = (val: unknown) => ({ elem: { val, counter: { packets: 3, bytes: 252 } } });
const prefix = (addr: string, len: number) => ({ prefix: { addr, len } });

describe('a plain element', () => {
  it('has the same text with the shortcut as without', () => {
    fc.assert(
      fc.property(elements, types, (element, type) => {
        expect([undefined, elementText(element, type)]).toContain(plainElement(element, type));
      }),
      { numRuns },
    );
  });

  it.each<[string, unknown]>([
    ['10.89.4.0', '10.89.4.0'],
    ['10.89.4.0', counted('10.89.4.0')],
    ['10.89.4.0/24', prefix('10.89.4.0', 24)],
    ['10.89.4.0/24', counted(prefix('10.89.4.0', 24))],
  ])('is %s: %j', (text, element) => {
    expect(plainElement(element, ['ipv4_addr'])).toBe(text);
    expect(elementText(element, ['ipv4_addr'])).toBe(text);
  });
});

describe('a plain verdict', () => {
  const targets = fc.constantFrom<unknown>(
    'to4_office',
    'a.b',
    'a b',
    'a;b',
    'a\nb',
    'x'.repeat(200),
    '',
    7,
    null,
    {},
  );
  const verdicts = fc.oneof(
    targets.map((target) => ({ goto: { target } })),
    targets.map((target) => ({ jump: { target } })),
    targets.map((target) => ({ jump: { target: 'guard' }, goto: { target } })),
    targets.map((target) => ({ goto: { target }, jump: { target: 'guard' } })),
    targets.map((goto) => ({ goto })),
    fc.constantFrom<unknown>({ drop: null }, 'drop', null, [], {}),
  );

  it('has the same text with the shortcut as without', () => {
    fc.assert(
      fc.property(verdicts, (verdict) => {
        expect([undefined, ruleText([verdict])]).toContain(plainGoto(verdict));
      }),
      { numRuns },
    );
  });

  it('names a chain', () => {
    const verdict = { goto: { target: 'to4_office' } };
    expect([plainGoto(verdict), ruleText([verdict])]).toEqual(['goto to4_office', 'goto to4_office']);
  });
});

describe('counters of an element', () => {
  it('are those that nft prints', () => {
    expect(countsOf(counted('10.89.4.0'))).toEqual({ packets: 3, bytes: 252 });
    const more = { elem: { val: '10.89.4.0', counter: { packets: 0, bytes: 0, more: 1 } } };
    expect(countsOf(more)).toEqual({ packets: 0, bytes: 0 });
  });

  it.each([
    '10.89.4.0',
    null,
    [],
    { elem: null },
    { elem: [{ counter: { packets: 0, bytes: 0 } }] },
    { elem: { val: '10.89.4.0' } },
    { elem: { val: '10.89.4.0', counter: null } },
    { elem: { counter: { packets: 0 } } },
    { elem: { counter: { packets: '0', bytes: 0 } } },
    { elem: { counter: { packets: 0, bytes: Number.POSITIVE_INFINITY } } },
  ])('are undefined unless they are two numbers: %j', (element) => {
    expect(countsOf(element)).toBeUndefined();
  });
});
