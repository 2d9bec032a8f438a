import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutatedTexts } from '../../tests/bad-input/mutate-text.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { readYaml } from './read-yaml.ts';
import { plainValue } from './tree.ts';

const example = readFileSync(new URL('../../examples/mustredirect.yaml', import.meta.url), 'utf8');
const plain = `# é, and "a" comment
version: 1
hosts:
  node1: [192.168.50.10, '2001:db8::10'] # two
  gw1: 192.168.50.2
  123: 10.0.0.1
networks:
    web:
        subnets: { node1: 10.89.4.0/24, gw1: [2001:db8:89::/64, "x y"] }
        direct: []
        routes:
        - to: 198.51.100.0/24
          ports:
            - 25
            - '8000-8100'
          via: mail
        -  proto: icmp
           via: direct
gateways:
  office:
    members:
    -
      host: gw1
      uplink: {device: gre1, via: fe80::1}
    table: 0x888
    accept: true
    none: {}
`;

/** Value from the full YAML reader; undefined on errors. */
function wholeReading(text: string): unknown {
  const { tree, problems } = readYaml(text);
  return tree && problems.length === 0 ? plainValue(tree) : undefined;
}

describe('readPlainYaml', () => {
  it('reads common files', () => {
    expect(readPlainYaml(example)).toEqual(wholeReading(example));
    expect(wholeReading(plain)).toMatchObject({ version: 1, gateways: { office: { table: 0x888 } } });
    expect(readPlainYaml(plain)).toEqual(wholeReading(plain));
  });

  it.each([
    ['an anchor', 'a: &x b\nc: *x\n'],
    ['a multi-line text', 'a: b\n  c\n'],
    ['a block text', 'a: |\n  b\n'],
    ['a key twice', 'a: b\na: c\n'],
    ['a key twice on a line', 'a: { b: c, b: d }\n'],
    ['a colon within a word', 'a: b: c\n'],
    ['a dash without a blank', 'a:\n  -b\n'],
    ['a key after a list', 'a:\n  - b\n  c: d\n'],
    ['another indentation', 'a:\n  b: c\n d: e\n'],
    ['a tab', 'a:\tb\n'],
    ['no value', 'a:\nb: c\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['unusual numbers', 'a: 1e3\nb: 0o17\nc: 007\nd: 1.5\n'],
    ['null', 'a: null\nb: ~\n'],
    ['a special name', '__proto__: a\n'],
    ['an open list', 'a: [b, c\n'],
    ['deeply nested lists', `a: ${'['.repeat(100_000)}`],
    ['an empty text', ''],
  ])('rejects %s', (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  it('returns the same value as the full YAML reader, or none', { timeout: 120_000 }, () => {
    let read = 0;
    fc.assert(
      fc.property(mutatedTexts([example, plain]), (text) => {
        const value = readPlainYaml(text);
        if (value === undefined) return;
        read += 1;
        expect(value).toEqual(wholeReading(text));
      }),
      { numRuns: 10_000 },
    );
    expect(read).toBeGreaterThan(500);
  });
});
