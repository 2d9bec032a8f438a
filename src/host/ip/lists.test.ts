/** Output of `ip -batch` of iproute2 6.1 and 6.15, also when it fails. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readIpLists } from './lists.ts';
import type { Exec, Output } from '../ports.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8').trim();
const rules = fixture('ip-rule.json');
const routes = fixture('ip-route.json');
const block = 'src 10.89.4.0/24 dst 0.0.0.0/0 \n\tdir fwd action block priority 137 ptype main ';

const saying = (output: Partial<Output>): Exec => ({
  run: async () => ({ exitCode: 0, stdout: '', stderr: '', ...output }),
});
const read = (output: Partial<Output>) => readIpLists(saying(output), 4);

async function countsOf(stdout: string): Promise<number[]> {
  const lists = await read({ stdout });
  return [lists.rules, lists.routes].map(({ owned }) => owned.length).concat(lists.policies.length);
}

describe('the lists of a family', () => {
  it('are read with one command, policies last', async () => {
    const asked: unknown[] = [];
    const exec: Exec = {
      async run(argv, options) {
        asked.push([argv.join(' '), options]);
        return { exitCode: 0, stdout: '[]\n[]', stderr: '' };
      },
    };
    const none = { owned: [], foreign: [] };
    expect(await readIpLists(exec, 6)).toEqual({
      rules: none,
      routes: { ...none, learned: false, defaultHops: [], routerAdvertisedDefaults: [], usedTables: [] },
      policies: [],
      xfrm: true,
    });
    const input = 'rule show\nroute show table all\nxfrm policy list\n';
    expect(asked).toEqual([['ip -j -N -6 -batch -', { input }]]);
  });

  it.each([
    [['rules'], rules, [7, 0, 0]],
    [['routes'], routes, [0, 5, 0]],
    [['policies'], block, [0, 0, 1]],
    [['rules', 'policies'], `${rules}\n${block}`, [7, 0, 1]],
    [['routes', 'policies'], `${routes}\n`, [0, 5, 0]],
  ] as const)('are read alone: %s', async (wanted, stdout, counts) => {
    const asked: unknown[] = [];
    const exec: Exec = {
      async run(_, options) {
        asked.push(options?.input);
        return { exitCode: 0, stdout, stderr: '' };
      },
    };
    const lists = await readIpLists(exec, 4, wanted);
    expect([lists.rules.owned.length, lists.routes.owned.length, lists.policies.length]).toEqual(counts);
    const lines = { rules: 'rule show\n', routes: 'route show table all\n', policies: 'xfrm policy list\n' };
    expect(asked).toEqual([wanted.map((name) => lines[name]).join('')]);
  });

  it('are split correctly when some are empty, in each form of an empty list', async () => {
    expect(await countsOf(`${rules}\n${routes}\n${block}`)).toEqual([7, 5, 1]);
    expect(await countsOf(`${rules}\n${routes}`)).toEqual([7, 5, 0]);
    expect(await countsOf(`${rules}\n\n${block}`)).toEqual([7, 0, 1]);
    for (const empty of ['[ ]\n', '[]\n', '\n', '']) {
      expect(await countsOf(`${rules}\n${empty}${block}`)).toEqual([7, 0, 1]);
      expect(await countsOf(`${empty}${empty}${block}`)).toEqual([0, 0, 1]);
      expect(await countsOf(`${empty}${empty}`)).toEqual([0, 0, 0]);
    }
  });

  it.each([
    ['rule show', `{}\n${routes}\n${block}`],
    ['rule show', `${routes}\n${block}`],
    ['rule show', 'Object "rule" is unknown'],
    ['route show table all', `${rules}\n[{"dst":\n${block}`],
    ['route show table all', `${rules}\n${rules}`],
    ['xfrm policy list', `${rules}\n${routes}\n[]`],
  ])('are not mistaken for each other: output of %s fails to decode', async (command, stdout) => {
    await expect(read({ stdout })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining(`ip -j -N -4 ${command}: its output is not understood`) as string,
    });
  });
});

describe('policies', () => {
  const stderr = 'Cannot open netlink socket: Protocol not supported';
  const stdout = `${rules}\n${routes}`;

  it('are empty when the kernel lacks xfrm; other lists are read', async () => {
    const lists = await read({ exitCode: 1, stdout, stderr });
    expect(lists).toMatchObject({ policies: [], xfrm: false });
    expect(lists.rules.owned).toHaveLength(7);
    // In case a later ip prints the line, too.
    expect(await read({ exitCode: 1, stdout, stderr: `${stderr}\nCommand failed -:3` })).toEqual(lists);
  });

  it('are not blamed when an earlier list is missing', async () => {
    await expect(read({ exitCode: 1, stderr })).rejects.toThrow('ip -j -N -4 rule show: exit 1: Cannot open');
    await expect(read({ exitCode: 1, stdout: rules, stderr })).rejects.toThrow(
      'route show table all: exit 1',
    );
  });

  it.each(['', '\nCommand failed -:3'])('are an error when reading fails, not empty%s', async (line) => {
    const problem = 'RTNETLINK answers: No buffer space available\nDump terminated';
    await expect(read({ exitCode: 1, stdout, stderr: `${problem}${line}` })).rejects.toMatchObject({
      code: 'failed',
      message: `ip -j -N -4 xfrm policy list: exit 1: ${problem}`,
    });
  });
});

describe('an ip that', () => {
  it.each([
    ['is older', 'Option "-N" is unknown, try "ip -help".'],
    [
      'is busybox’s',
      'BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1) multi-call binary.\n\nUsage: ip [OPTIONS]',
    ],
  ])('%s is reported as such', async (_, stderr) => {
    await expect(read({ exitCode: 1, stderr })).rejects.toMatchObject({
      code: 'missing-tool',
      message: 'ip -j -N -4 rule show: this ip has no such option',
    });
  });

  it.each([
    ['rule show', 'Cannot open netlink socket', ''],
    ['rule show', 'Object "rule" is unknown, try "ip help".\nCommand failed -:1', ''],
    ['route show table all', 'Dump terminated\nCommand failed -:2', `${rules}\n[`],
    ['route show table all', 'Cannot send dump request', `${rules}\n[`],
  ])(
    'fails for another reason is not called old, and the error names the list: %s',
    async (command, stderr, stdout) => {
      await expect(read({ exitCode: 1, stdout, stderr })).rejects.toMatchObject({
        code: 'failed',
        message: `ip -j -N -4 ${command}: exit 1: ${stderr.split('\n')[0] ?? ''}`,
      });
    },
  );

  it('lacks the privilege is reported as not permitted', async () => {
    const stderr = 'RTNETLINK answers: Operation not permitted\nDump terminated';
    await expect(read({ exitCode: 1, stdout: `${rules}\n${routes}`, stderr })).rejects.toMatchObject({
      code: 'not-permitted',
    });
  });
});
