/** Output of nft 1.0.6, recorded: a foreign nft table, and a table of iptables-nft 1.8.9. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FilterCondition } from '../../state/facts.ts';
import { readChains } from './chains.ts';
import { type OtherTables, readOtherTables } from './other-tables.ts';
import type { Exec, Output } from '../ports.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

const outputs: Readonly<Record<string, string>> = {
  'nft -j list chains': fixture('chains.json'),
  'nft -s -t list table inet fw': fixture('forward-nft.txt'),
  'nft -s -t list table ip filter': fixture('forward-iptables.txt'),
};

function saying(different: Readonly<Record<string, Partial<Output>>> = {}): Exec & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async run(argv) {
      const command = argv.join(' ');
      asked.push(command);
      return { exitCode: 0, stdout: outputs[command] ?? '', stderr: '', ...different[command] };
    },
  };
}

const read = async (exec: Exec): Promise<OtherTables> => readOtherTables(exec, await readChains(exec));

const is = (field: FilterCondition['field'], ...values: string[]) => ({ field, values, negated: false });
const isNot = (field: FilterCondition['field'], ...values: string[]) => ({ field, values, negated: true });
const accept = (...conditions: FilterCondition[]) => ({ conditions, verdict: { kind: 'accept' } });
const call = (chain: string, ...conditions: FilterCondition[]) => ({
  conditions,
  verdict: { kind: 'call', chain },
});

describe('other tables', () => {
  it('are skipped when their name could be parsed as nft commands', async () => {
    const chain = { family: 'inet', name: 'c', hook: 'forward', policy: 'drop' };
    const nftables = ['fw; flush ruleset', '-f', 'fw'].map((table) => ({ chain: { ...chain, table } }));
    const exec = saying({ 'nft -j list chains': { stdout: JSON.stringify({ nftables }) } });
    await read(exec);
    expect(exec.asked).toEqual(['nft -j list chains', 'nft -s -t list table inet fw']);
  });

  it('are listed without our own', async () => {
    const { chains } = await read(saying());
    expect(chains.map(({ family, table, name }) => `${family} ${table} ${name}`)).toEqual([
      'inet fw other',
      'inet fw forward',
      'ip mustredirect namesake',
      'ip open forward',
      'ip bystander in',
      'ip filter FORWARD',
      'ip filter DOCKER-USER',
    ]);
  });

  it('are read only when the policy of a forward chain is drop', async () => {
    const exec = saying();
    const { forwardFilters } = await read(exec);
    expect(exec.asked.sort()).toEqual(Object.keys(outputs).sort());
    expect(forwardFilters.map(({ family, table, chain }) => `${family} ${table} ${chain}`)).toEqual([
      'inet fw forward',
      'ip filter FORWARD',
    ]);
  });

  it('have accept rules, with the conditions that are understood', async () => {
    const [filter] = (await read(saying())).forwardFilters;
    expect(filter?.chains.get('forward')).toEqual([
      accept(is('state', 'established', 'related')),
      accept(),
      accept(),
      accept(is('in', 'x', 'y'), isNot('out', 'z*'), is('from', '1.2.3.4/32', '10.0.0.0/8')),
      accept(),
      accept(is('in', 'lo')),
      accept(is('state', 'established', 'related')),
      accept(isNot('state', 'invalid'), isNot('to', '10.0.0.0/8')),
      accept(),
      call('other'),
      call('other', is('from', '1.2.3.4/32')),
      accept(is('proto', '6')),
      accept(),
    ]);
    expect(filter?.chains.get('other')).toEqual([accept()]);
  });

  it('of iptables are understood, too', async () => {
    const [, filter] = (await read(saying())).forwardFilters;
    const replyStates = is('state', 'related', 'established');
    expect(filter?.chains.get('FORWARD')).toEqual([
      call('DOCKER-USER'),
      accept(replyStates),
      accept(is('out', 'docker0'), replyStates),
      accept(is('in', 'docker0'), isNot('out', 'docker0')),
      accept(isNot('state', 'invalid')),
      accept(),
    ]);
    expect(filter?.chains.get('DOCKER-USER')).toEqual([]);
  });

  it('of IPv6 and of family inet are read the same way', async () => {
    const exec = saying({
      'nft -j list chains': { stdout: fixture('chains-6.json') },
      'nft -s -t list table ip6 filter': { stdout: fixture('forward-ip6tables.txt') },
      'nft -s -t list table inet fw6': { stdout: fixture('forward-nft-6.txt') },
    });
    const { forwardFilters } = await read(exec);
    expect(forwardFilters.map(({ family, table, chain }) => `${family} ${table} ${chain}`)).toEqual([
      'ip6 filter FORWARD',
      'inet fw6 forward',
    ]);
    const [tables6, own] = forwardFilters;
    expect(tables6?.chains.get('FORWARD')).toEqual([
      call('DOCKER-USER'),
      accept(is('in', 'br0'), is('from', 'fd89:4::/64')),
      accept(is('to', 'fd89:4::/64'), is('state', 'related', 'established')),
      accept(isNot('out', 'docker0'), is('proto', '58'), is('from', 'fd89:5::7/128')),
      accept(is('from', '::ffff:a01:0/112')),
      accept(isNot('from', 'fe80::/10'), is('proto', '6')),
    ]);
    expect(own?.chains.get('forward')).toEqual([
      accept(is('from', 'fd89:4::/64', 'fd89:5::7/128'), is('out', 'eth0')),
      accept(is('to', 'fd89:4::/64'), is('state', 'established', 'related')),
      accept(isNot('to', 'fd89:4::/64')),
      accept(),
      accept(is('proto', '58')),
      accept(is('from', '10.89.4.0/24')),
    ]);
  });

  it('may disappear while they are read', async () => {
    const gone = { exitCode: 1, stdout: '', stderr: 'Error: No such file or directory' };
    const { forwardFilters } = await read(saying({ 'nft -s -t list table inet fw': gone }));
    expect(forwardFilters.map(({ table }) => table)).toEqual(['filter']);
  });

  it.each([
    [
      'nft -j list chains',
      { exitCode: 1, stderr: 'Operation not permitted (you must be root)' },
      'not-permitted',
    ],
    ['nft -j list chains', { stdout: '{"nftables":[{"chain":{}}]}' }, 'failed'],
    ['nft -s -t list table ip filter', { exitCode: 139 }, 'failed'],
  ] as const)('are an error when they cannot be read: %s %j', async (command, output, code) => {
    await expect(read(saying({ [command]: output }))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(command) as string,
    });
  });
});
