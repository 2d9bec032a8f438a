/** Output of nft 1.0.6, recorded. The .nft file beside each is the input that created the table. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NftChain } from '../../kinds/nft-table/schema.ts';
import { readNftTable } from './read.ts';
import type { Output } from '../ports.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

const execPrinting = (output: Partial<Output>) => ({
  run: async (): Promise<Output> => ({ exitCode: 0, stdout: '', stderr: '', ...output }),
});

const read = (name: string) => readNftTable(execPrinting({ stdout: fixture(name) }));

/** `add rule inet mustredirect guard ...` -> `guard ...` */
function rulesTold(text: string): string[] {
  return [...text.matchAll(/^add rule inet mustredirect (.+)$/gm)].map(([, rule]) => rule ?? '');
}

function elementsTold(text: string): string[] {
  return [...text.matchAll(/^add element inet mustredirect (\S+) \{ (.+) \}$/gm)].flatMap(([, set, list]) =>
    (list ?? '').split(', ').map((element) => `${set} ${element}`),
  );
}

describe('the nft table', () => {
  it.each(['table-node', 'table-node-and-member', 'table-6'])(
    '%s is read back as it was written',
    async (name) => {
      const { objects } = await read(`${name}.json`);
      const chains = objects.filter((object) => object.kind === 'nft-chain');
      expect(chains.flatMap(({ name: chain, rules }) => rules.map((rule) => `${chain} ${rule}`))).toEqual(
        rulesTold(fixture(`${name}.nft`)),
      );
      const sets = objects.filter((object) => object.kind === 'nft-set');
      expect(sets.flatMap(({ name: set, elements }) => elements.map((e) => `${set} ${e}`)).sort()).toEqual(
        elementsTold(fixture(`${name}.nft`)).sort(),
      );
    },
  );

  it.each<[string, object[]]>([
    [
      'ip daddr @redirected4 fib daddr type != local return',
      [
        {
          match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '@redirected4' },
        },
        { match: { op: '!=', left: { fib: { result: 'type', flags: ['daddr'] } }, right: 'local' } },
        { return: null },
      ],
    ],
    [
      'ip saddr 10.89.4.0/24 dnat ip to 192.168.50.2',
      [
        {
          match: {
            op: '==',
            left: { payload: { protocol: 'ip', field: 'saddr' } },
            right: { prefix: { addr: '10.89.4.0', len: 24 } },
          },
        },
        { dnat: { family: 'ip', addr: '192.168.50.2' } },
      ],
    ],
    [
      'iifname "uplink0" tcp option maxseg size set 1360',
      [
        { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'uplink0' } },
        { mangle: { key: { 'tcp option': { name: 'maxseg', field: 'size' } }, value: 1360 } },
      ],
    ],
    [
      'icmp type echo-reply meta length 0x64 ip daddr @told4 ip ttl set 254',
      [
        {
          match: {
            op: '==',
            left: { payload: { protocol: 'icmp', field: 'type' } },
            right: 'echo-reply',
          },
        },
        { match: { op: '==', left: { meta: { key: 'length' } }, right: 100 } },
        { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '@told4' } },
        { mangle: { key: { payload: { protocol: 'ip', field: 'ttl' } }, value: 254 } },
      ],
    ],
  ])('reads %s', async (text, expr) => {
    const chain = { family: 'inet', table: 'mustredirect', name: 'c' };
    const rule = { family: 'inet', table: 'mustredirect', chain: 'c', expr };
    const { objects } = await readNftTable(
      execPrinting({ stdout: JSON.stringify({ nftables: [{ chain }, { rule }] }) }),
    );
    expect(objects).toMatchObject([{ kind: 'nft-chain', rules: [text] }]);
  });

  it.each(['a b', ['syn', 'a b']])('treats flags that are not words as a foreign rule: %j', async (flags) => {
    const left = { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, flags] };
    const expr = [{ match: { op: '==', left, right: 'syn' } }, { drop: null }];
    const chain = { family: 'inet', table: 'mustredirect', name: 'c' };
    const rule = { family: 'inet', table: 'mustredirect', chain: 'c', expr };
    const stdout = JSON.stringify({ nftables: [{ chain }, { rule }] });
    expect((await readNftTable(execPrinting({ stdout }))).objects).toMatchObject([{ rules: [] }]);
  });

  it.each(['==', 'a b', '', 7])('treats a verdict with target %j as foreign', async (target) => {
    const chain = { family: 'inet', table: 'mustredirect', name: 'c' };
    const rule = { family: 'inet', table: 'mustredirect', chain: 'c', expr: [{ jump: { target } }] };
    const elem = [['10.89.4.0', { goto: { target } }]];
    const map = { family: 'inet', name: 'm', table: 'mustredirect', type: 'ipv4_addr', map: 'verdict', elem };
    const stdout = JSON.stringify({ nftables: [{ chain }, { rule }, { map }] });
    expect((await readNftTable(execPrinting({ stdout }))).objects).toMatchObject([
      { kind: 'nft-set', elements: [], foreign: [expect.any(String)] },
      { kind: 'nft-chain', rules: [], foreign: [expect.any(String)] },
    ]);
  });

  it('treats a rule without expressions as foreign', async () => {
    const chain = { family: 'inet', table: 'mustredirect', name: 'c' };
    const rule = { family: 'inet', table: 'mustredirect', chain: 'c', expr: [] };
    const stdout = JSON.stringify({ nftables: [{ chain }, { rule }] });
    expect((await readNftTable(execPrinting({ stdout }))).objects).toMatchObject([
      { rules: [], foreign: ['[]'] },
    ]);
  });

  it('has types, counters, hooks and priorities', async () => {
    const { objects, counters } = await read('table-node-and-member.json');
    const find = (name: string) => objects.find((object) => object.name === name);
    expect(find('uplinks4')).toMatchObject({ type: ['ipv4_addr', 'ifname'], counted: true });
    expect(find('local4')).toMatchObject({ type: ['ipv4_addr'], counted: false });
    expect(find('postrouting')).toMatchObject({
      hook: { type: 'nat', hook: 'postrouting', priority: 90 },
    });
    expect(find('guard')).not.toHaveProperty('hook');
    expect(counters).toContainEqual({ set: 'stopped4', element: '10.89.5.7', packets: 3, bytes: 252 });
    expect(counters).toContainEqual({
      set: 'uplinks4',
      element: '10.89.4.0/24 . "gre1"',
      packets: 0,
      bytes: 0,
    });
    expect(counters.some(({ set }) => set === 'local4')).toBe(false);
  });

  it.each([
    ['nft 1.0.6', {}],
    ['nft 1.1.3', { flags: ['dynamic'] }],
  ])('omits elements that packets add to a dynamic set, but keeps their counters: %s', async (_, flags) => {
    const elem = [{ elem: { val: '10.89.4.0', counter: { packets: 5, bytes: 420 } } }];
    const base = { family: 'inet', name: 'stopped4_24', table: 'mustredirect', type: 'ipv4_addr' };
    const set = { ...base, ...flags, size: 65_535, stmt: [{ counter: null }], elem };
    const stdout = JSON.stringify({ nftables: [{ set }] });
    const { objects, counters } = await readNftTable(execPrinting({ stdout }));
    expect(objects).toEqual([
      {
        kind: 'nft-set',
        name: 'stopped4_24',
        exact: true,
        dynamic: true,
        type: ['ipv4_addr'],
        counted: true,
        elements: [],
      },
    ]);
    expect(counters).toEqual([{ set: 'stopped4_24', element: '10.89.4.0', packets: 5, bytes: 420 }]);
  });

  it('treats a set of another size as one to recreate', async () => {
    const set = { family: 'inet', name: 's', table: 'mustredirect', type: 'ipv4_addr', size: 3 };
    const { objects } = await readNftTable(execPrinting({ stdout: JSON.stringify({ nftables: [{ set }] }) }));
    expect(objects).toMatchObject([{ foreign: ['size 3'] }]);
  });

  it.each([
    ['ip saddr & 255.255.255.0', { '&': [{ payload: { protocol: 'ip', field: 'saddr' } }, '255.255.255.0'] }],
    ['ct original ip saddr', { ct: { key: 'ip saddr', dir: 'original' } }],
  ])('has rules with counters: %s', async (text, elem) => {
    const counts = { op: 'add', elem, set: '@stopped4_24' };
    const rulesOf = async (set: Record<string, unknown>) => {
      const chain = { family: 'inet', table: 'mustredirect', name: 'c' };
      const rule = { family: 'inet', table: 'mustredirect', chain: 'c', expr: [{ set }, { drop: null }] };
      const stdout = JSON.stringify({ nftables: [{ chain }, { rule }] });
      return (await readNftTable(execPrinting({ stdout }))).objects;
    };
    expect(await rulesOf(counts)).toMatchObject([{ rules: [`add @stopped4_24 { ${text} } drop`] }]);
    for (const other of [{ op: 'update' }, { stmt: [{ counter: null }] }, { set: '@s } drop' }, { set: 's' }])
      expect(await rulesOf({ ...counts, ...other })).toMatchObject([{ rules: [] }]);
  });

  it('has canonical addresses of both families, in any form that nft prints', async () => {
    const text = fixture('table-6.json');
    expect(text).toContain('::ffff:10.89.0.0');
    const { objects, counters } = await readNftTable(execPrinting({ stdout: text }));
    const find = (name: string) => objects.find((object) => object.name === name);
    expect(find('linkhops6')).toMatchObject({
      type: ['ipv6_addr', 'ipv6_addr', 'ifname'],
      counted: true,
      elements: ['fd91::/48 . fe80::2 . "eth0"'],
    });
    expect(counters).toContainEqual({ set: 'stopped6', element: '::ffff:a59:0/112', packets: 0, bytes: 0 });
    expect(objects.filter((object) => 'foreign' in object)).toEqual([]);
  });

  it('separates foreign rules and sets from ours', async () => {
    const ours = (await read('table-node-and-member.json')).objects;
    const { objects } = await read('table-foreign-parts.json');
    const guard = (list: typeof objects) =>
      list.find((o): o is NftChain => o.kind === 'nft-chain' && o.name === 'guard');
    expect(guard(objects)?.rules).toEqual(guard(ours)?.rules);
    expect(guard(objects)?.foreign).toHaveLength(2);
    expect(guard(ours)).not.toHaveProperty('foreign');
    expect(objects).toContainEqual(expect.objectContaining({ kind: 'nft-set', name: 'other' }));
  });

  it('separates elements and rules that are unsafe in nft text or not ours', async () => {
    const set = { family: 'inet', table: 'mustredirect', name: 's', flags: ['interval'] };
    const interfaces = { ...set, type: 'ifname', elem: ['br0', 'eth*', 'a"b', 'x;y', 'tun0'] };
    const range = { range: ['10.9.0.1', '10.9.0.6'] };
    const addresses = { ...set, type: 'ipv4_addr', elem: [range, '10.9.1.0', { toFixed: 1 }, 'drop'] };
    const addresses6 = { ...set, type: 'ipv6_addr', elem: ['10.9.1.0', 'fd00::1', 'fd00::1%eth0', 'a:b'] };
    const timed = { ...set, type: 'ipv4_addr', flags: ['interval', 'timeout'] };
    const match = { op: '==', left: { meta: { key: 'iifname' } }, right: 'x;y' };
    const chain = { chain: { family: 'inet', table: 'mustredirect', name: 'c' } };
    const rules = [[{ drop: null }], [{ log: { prefix: 'x' } }], [{ match }, { drop: null }]];
    const nftables = [
      ...[interfaces, addresses, addresses6, timed].map((each) => ({ set: each })),
      chain,
      ...rules.map((expr) => ({ rule: { chain: 'c', expr } })),
    ];
    const { objects } = await readNftTable(execPrinting({ stdout: JSON.stringify({ nftables }) }));
    expect(objects).toMatchObject([
      { elements: ['"br0"', '"tun0"'], foreign: ['"eth*"', String.raw`"a\"b"`, '"x;y"'] },
      { elements: ['10.9.1.0'], foreign: [JSON.stringify(range), '{"toFixed":1}', '"drop"'] },
      { elements: ['fd00::1'], foreign: ['"10.9.1.0"', '"fd00::1%eth0"', '"a:b"'] },
      { elements: [], foreign: ['flags interval,timeout'] },
      { rules: ['drop'], foreign: [JSON.stringify(rules[1]), JSON.stringify(rules[2])] },
    ]);
  });

  it('has chains without a hook while it is dormant, in any form of that flag', async () => {
    // nft 1.0.6 prints another word for the flag.
    const text = fixture('table-node.json').replace(
      '"name": "mustredirect",',
      '"name": "mustredirect", "flags": "cc",',
    );
    const { objects } = await readNftTable(execPrinting({ stdout: text }));
    const hooks = objects.flatMap((object) => (object.kind === 'nft-chain' ? [object.hook] : []));
    expect(hooks.length).toBeGreaterThan(2);
    expect(hooks.every((hook) => hook === undefined)).toBe(true);
  });

  it('is empty when it does not exist', async () => {
    const exec = execPrinting({
      exitCode: 1,
      stderr: 'Error: No such file or directory\nlist table inet mustredirect',
    });
    expect(await readNftTable(exec)).toEqual({ objects: [], counters: [] });
  });

  it.each<[Partial<Output>, string, string]>([
    [{ exitCode: 1, stderr: 'Operation not permitted (you must be root)' }, 'not-permitted', 'must be root'],
    [{ exitCode: 1, stderr: 'Segmentation fault' }, 'failed', 'Segmentation fault'],
    [{ stdout: '{"nftables": [' }, 'failed', 'its output is not understood'],
    [{ stdout: '{"nftables": [{"set": {"name": 5}}]}' }, 'failed', 'its output is not understood'],
    [{ stdout: '{"nftables": [{"chain": {"name": "c; flush ruleset"}}]}' }, 'failed', 'is not understood'],
    ...['"10.89.4.0"', '["10.89.4.0"]', '["10.89.4.0", {"drop": null}, 0]', '{}'].map(
      (elem): [Partial<Output>, string, string] => [
        {
          stdout: `{"nftables": [{"map": {"name": "m", "type": "ipv4_addr", "map": "verdict", "elem": [${elem}]}}]}`,
        },
        'failed',
        'is not understood',
      ],
    ),
    [
      { stdout: '{"nftables": [{"set": {"name": "s", "type": "ipv4_addr", "elem": {}}}]}' },
      'failed',
      'is not understood',
    ],
  ])('is an error with the message of nft: %j', async (output, code, message) => {
    const reading = readNftTable(execPrinting(output));
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });
});
