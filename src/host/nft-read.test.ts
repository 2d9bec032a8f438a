/** What nft 1.0.6 said, recorded. The .nft file beside each is what it had been told. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NftChain } from '../state/objects.ts';
import { readNftTable } from './nft-read.ts';
import type { Output } from './ports.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

const said = (output: Partial<Output>) => ({
  run: async (): Promise<Output> => ({ exitCode: 0, stdout: '', stderr: '', ...output }),
});

const read = (name: string) => readNftTable(said({ stdout: fixture(name) }));

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
  it.each(['table-node', 'table-node-and-member'])('%s is read as it was written', async (name) => {
    const { objects } = await read(`${name}.json`);
    const chains = objects.filter((object) => object.kind === 'nft-chain');
    expect(chains.flatMap(({ name: chain, rules }) => rules.map((rule) => `${chain} ${rule}`))).toEqual(
      rulesTold(fixture(`${name}.nft`)),
    );
    const sets = objects.filter((object) => object.kind === 'nft-set');
    expect(sets.flatMap(({ name: set, elements }) => elements.map((e) => `${set} ${e}`)).sort()).toEqual(
      elementsTold(fixture(`${name}.nft`)).sort(),
    );
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

  it('shows what somebody else put into it, and nothing of that equals a rule of ours', async () => {
    const ours = (await read('table-node-and-member.json')).objects;
    const { objects } = await read('table-foreign-parts.json');
    const guard = (list: typeof objects) =>
      list.find((o): o is NftChain => o.kind === 'nft-chain' && o.name === 'guard')?.rules ?? [];
    expect(guard(objects)).toHaveLength(guard(ours).length + 2);
    expect(guard(objects).slice(0, guard(ours).length)).toEqual(guard(ours));
    expect(objects).toContainEqual(expect.objectContaining({ kind: 'nft-set', name: 'other' }));
  });

  it('is empty when there is none', async () => {
    const exec = said({
      exitCode: 1,
      stderr: 'Error: No such file or directory\nlist table inet mustredirect',
    });
    expect(await readNftTable(exec)).toEqual({ objects: [], counters: [] });
  });

  it.each([
    [{ exitCode: 1, stderr: 'Operation not permitted (you must be root)' }, 'not-permitted', 'must be root'],
    [{ exitCode: 1, stderr: 'Segmentation fault' }, 'failed', 'Segmentation fault'],
    [{ stdout: '{"nftables": [' }, 'failed', 'its answer is not understood'],
    [{ stdout: '{"nftables": [{"set": {"name": 5}}]}' }, 'failed', 'its answer is not understood'],
  ])('is an error that says what nft said: %j', async (output, code, message) => {
    const reading = readNftTable(said(output));
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });
});
