import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setIpMasq } from './ip-masq.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../podman/cni/fixtures/${name}`, import.meta.url), 'utf8');
}

describe('setIpMasq', () => {
  it.each(['mustredirect-3.4.4', 'mustredirect-4.3.1', 'dual', 'labelled', '87-podman-bridge'])(
    'changes one word of %s',
    (name) => {
      const original = fixture(`${name}.conflist`);
      const edited = setIpMasq(original, name, false);
      expect(edited).toBe(original.replace('"ipMasq": true', '"ipMasq": false'));
      expect(edited).not.toBe(original);
      expect(setIpMasq(edited, name, false)).toBe(edited);
      expect(setIpMasq(edited, name, true)).toBe(original);
    },
  );

  it('keeps an absent ipMasq absent when set to false, and adds it when set to true', () => {
    const absent = '{"name":"a","plugins":[{"type":"bridge","isGateway":true}]}\n';
    expect(setIpMasq(absent, 'a', false)).toBe(absent);
    expect(JSON.parse(setIpMasq(absent, 'a', true))).toEqual({
      name: 'a',
      plugins: [{ type: 'bridge', isGateway: true, ipMasq: true }],
    });
  });

  it('refuses files that it cannot edit', () => {
    expect(() => setIpMasq('{"name":"a","plugins":[{"type":"macvlan"}]}', 'a', false)).toThrow(
      'CNI file of network a: has no bridge plugin, so no ipMasq to set',
    );
    expect(() => setIpMasq('{', 'a', false)).toThrow('CNI file of network a: not JSON');
    expect(() =>
      setIpMasq('{"name":"a","plugins":[{"type":"bridge","ipMasq":true,"ipMasq":true}]}', 'a', false),
    ).toThrow('has ipMasq twice');
  });

  it('changes only that key, for any order of keys and any white space', () => {
    fc.assert(
      fc.property(conflists(), gapLists(), (value, gaps) => {
        const original = write(value, gaps);
        const edited = setIpMasq(original, 'a', bridgeOf(value)['ipMasq'] !== true);
        const expected = JSON.parse(original) as Value;
        bridgeOf(expected)['ipMasq'] = bridgeOf(value)['ipMasq'] !== true;
        expect(JSON.parse(edited)).toEqual(expected);
      }),
    );
  });

  it('restores the original bytes when set back, and keeps them when nothing changes', () => {
    fc.assert(
      fc.property(conflists().filter(hasIpMasq), gapLists(), (value, gaps) => {
        const original = write(value, gaps);
        const before = bridgeOf(value)['ipMasq'] === true;
        expect(setIpMasq(setIpMasq(original, 'a', !before), 'a', before)).toBe(original);
        expect(setIpMasq(original, 'a', before)).toBe(original);
      }),
    );
  });
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Value {
  [key: string]: Json;
  name: string;
  plugins: { [key: string]: Json; type: string }[];
}

function bridgeOf(value: Value): Record<string, Json> {
  const bridge = value.plugins.find(({ type }) => type === 'bridge');
  if (!bridge) throw new Error('no bridge');
  return bridge;
}

function hasIpMasq(value: Value): boolean {
  return bridgeOf(value)['ipMasq'] !== undefined;
}

function gapLists(): fc.Arbitrary<string[]> {
  return fc.array(fc.stringMatching(/^[ \t\n\r]{0,3}$/), { minLength: 1 });
}

/** Lists with a bridge plugin at any position, other plugins around it, and other keys in any order. */
function conflists(): fc.Arbitrary<Value> {
  const key = fc.string().filter((text) => text !== '__proto__');
  const others = fc.dictionary(key, fc.jsonValue() as fc.Arbitrary<Json>, { maxKeys: 3 });
  const plugin = (type: string, more: object) => others.chain((rest) => shuffled({ ...rest, ...more, type }));
  const bridge = fc
    .constantFrom({ ipMasq: true }, { ipMasq: false }, {})
    .chain((ipMasq) => plugin('bridge', ipMasq));
  const otherPlugins = fc.array(plugin('portmap', { ipMasq: true }), { maxLength: 2 });
  return fc
    .tuple(others, otherPlugins, bridge, otherPlugins)
    .chain(([rest, first, middle, last]) =>
      shuffled({ ...rest, name: 'a', plugins: [...first, middle, ...last] }),
    ) as fc.Arbitrary<Value>;
}

function shuffled(value: object): fc.Arbitrary<object> {
  const entries = Object.entries(value);
  return fc
    .shuffledSubarray(entries, { minLength: entries.length })
    .map((pairs) => Object.fromEntries(pairs) as object);
}

/** Writes JSON with the next gap of the list at each place that allows white space. */
function write(value: Json, gaps: readonly string[]): string {
  let at = 0;
  const gap = () => gaps[at++ % gaps.length] ?? '';
  const node = (item: Json): string => {
    if (item === null || typeof item !== 'object') return JSON.stringify(item);
    if (Array.isArray(item)) return `[${gap()}${item.map((one) => node(one) + gap()).join(`,${gap()}`)}]`;
    const pairs = Object.entries(item).map(
      ([name, one]) => `${JSON.stringify(name)}${gap()}:${gap()}${node(one)}${gap()}`,
    );
    return `{${gap()}${pairs.join(`,${gap()}`)}}`;
  };
  return `${gap()}${node(value)}${gap()}`;
}
