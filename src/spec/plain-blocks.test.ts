import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutatedTexts } from '../../tests/bad-input/mutate-text.ts';
import { parseSpec } from './parse.ts';
import { type BlockMemory, blocksOf } from './plain-blocks.ts';

const fileOf = (networks: readonly string[]): string => `version: 1
hosts:
  node1: 192.168.50.10
  gw1: 192.168.50.2
networks:
${networks.join('')}gateways:
  office:
    members: [{ host: gw1, uplink: { device: eth1 } }]
    snat: masquerade
`;

/** A network, a network in other words, and lines that are no network. */
const pieces = Array.from({ length: 6 }, (_, i) => [
  `  net${i}:\n    engine: external\n    subnets: { node1: 10.89.${i}.0/24 }\n    via: office\n`,
  `  net${i}:\n    # told apart\n    via: office\n    subnets:\n      node1: [10.90.${i}.0/24]\n    engine: podman\n\n`,
  `  net${i}: { engine: cni, subnets: { node1: 10.91.${i}.0/24 }, via: office }\n`,
  `  net${i}:\n    engine: external\n`,
  `  net${i}:\n`,
  `    direct: [203.0.113.${i}]\n`,
  `  - net${i}\n`,
  ` net${i}: 1\n`,
]).flat();

const files = fc
  .array(fc.constantFrom(...pieces), { maxLength: 8 })
  .map(fileOf)
  .chain((text) => fc.oneof({ weight: 3, arbitrary: fc.constant(text) }, mutatedTexts([text])));

describe('a file that is read after others', () => {
  it('gives what it gives alone', () => {
    fc.assert(
      fc.property(fc.array(files, { minLength: 1, maxLength: 5 }), (texts) => {
        const memory: BlockMemory = { entries: new Map() };
        for (const text of texts) expect(parseSpec(text, memory)).toEqual(parseSpec(text));
      }),
    );
  });

  it('gives the same object for each network that has stayed the same', () => {
    const [one = '', other = ''] = [pieces[0], pieces[8]];
    const memory: BlockMemory = { entries: new Map() };
    const networksOf = (text: string) => {
      const parsed = parseSpec(text, memory);
      return parsed.kind === 'spec' ? parsed.spec.networks : {};
    };
    const before = networksOf(fileOf([one]));
    const after = networksOf(fileOf([other, one]));
    expect(Object.keys(after)).toEqual(['net1', 'net0']);
    expect(after['net0']).toBe(before['net0']);
  });

  it('is joined from its blocks', () => {
    fc.assert(
      fc.property(files, (text) => {
        expect(blocksOf(text).join('\n')).toBe(text);
      }),
    );
  });
});
