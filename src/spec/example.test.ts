import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { specJsonSchema } from './json-schema.ts';
import { parseSpec } from './parse.ts';

function example(name: string): string {
  return readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
}

/** Schema of a map key in JSON Schema, as far as these tests need it. */
interface Node {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

function keysOf(node: Node, path = ''): [string, Node][] {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, value]): [string, Node][] => [
    [`${path}.${key}`, value],
    ...keysOf(value, `${path}.${key}`),
  ]);
  const named =
    typeof node.additionalProperties === 'object' ? keysOf(node.additionalProperties, `${path}.*`) : [];
  return [...below, ...named, ...(node.items ? keysOf(node.items, `${path}[]`) : [])];
}

describe('examples/mustredirect.yaml', () => {
  it('is valid, and matches the design', () => {
    expect(parseSpec(example('mustredirect.yaml'))).toEqual({
      kind: 'spec',
      spec: {
        hosts: { node1: ['192.168.50.10'], gw1: ['192.168.50.2'] },
        networks: {
          mustredirect: {
            engine: 'podman',
            subnets: { node1: ['10.89.4.0/24'] },
            via: 'office',
            direct: ['192.168.50.0/24'],
            blocked: [],
          },
        },
        gateways: {
          office: {
            members: [{ host: 'gw1', uplink: { device: 'gre1' } }],
            snat: 'masquerade',
            table: 0x888,
            mark: 0x888,
          },
        },
      },
    });
  });

  it('names its schema for editors in the first line', () => {
    const [first] = example('mustredirect.yaml').split('\n');
    expect(first).toBe('# yaml-language-server: $schema=./mustredirect.schema.json');
  });
});

describe('examples/balance.yaml', () => {
  it('is valid, and names its schema', () => {
    const text = example('balance.yaml');
    expect(parseSpec(text)).toMatchObject({
      kind: 'spec',
      spec: { gateways: { office: { mode: 'balance', members: [{ weight: 2 }, { weight: 1 }] } } },
    });
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./mustredirect.schema.json');
  });
});

describe('the JSON Schema', () => {
  it('equals examples/mustredirect.schema.json (update: npm run reference)', () => {
    expect(JSON.parse(example('mustredirect.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(specJsonSchema())),
    );
  });

  it('describes every key', () => {
    const keys = keysOf(specJsonSchema());
    expect(keys.filter(([, { title, description }]) => !title || !description)).toEqual([]);
    expect(keys.map(([path]) => path)).toContain('.gateways.*.members[].uplink.device');
  });

  it('describes input: one address or a list of addresses', () => {
    expect(specJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: {
        hosts: {
          additionalProperties: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
        },
        gateways: { additionalProperties: { required: ['members'] } },
      },
      required: ['version', 'hosts', 'networks', 'gateways'],
      additionalProperties: false,
    });
  });
});
