import { describe, expect, it } from 'vitest';
import { bothDirections } from '../../kinds/flows/action.ts';
import { conntrackArgs, forgetFlows } from './forget.ts';
import { knownFlows } from './list.ts';
import type { Exec, Output } from '../ports.ts';

/** Output of conntrack 1.4.7. */
const gone = "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist";
const none = 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.';
const refused = 'conntrack v1.4.7 (conntrack-tools): Operation failed: Operation not permitted';

/** conntrack that fails with these errors one after the other, and then with the last one again. */
function failingWith(...errors: readonly string[]): { readonly exec: Exec; readonly tries: () => number } {
  let tries = 0;
  const run = ([, verb]: readonly string[]): Promise<Output> => {
    if (verb === '-L') return Promise.resolve({ exitCode: 0, stdout: listing, stderr: '' });
    const stderr = errors[Math.min(tries++, errors.length - 1)] ?? '';
    return Promise.resolve({ exitCode: stderr ? 1 : 0, stdout: '', stderr });
  };
  return { exec: { run }, tries: () => tries };
}

/** conntrack 1.4.7's list of flows; the reply comes from the destination of the request. */
const listing = [
  'tcp      6 431999 ESTABLISHED src=10.89.3.7 dst=192.0.2.1 sport=40000 dport=443 src=192.0.2.1 dst=172.31.0.1 sport=443 dport=40000 [ASSURED] mark=0 use=1',
  'udp      17 29 src=10.88.0.2 dst=10.89.5.1 sport=5353 dport=53 [UNREPLIED] src=10.89.5.1 dst=10.88.0.2 sport=53 dport=5353 mark=0 use=1',
  'icmp     1 29 src=10.89.19.255 dst=198.51.100.9 type=8 code=0 id=7 src=198.51.100.9 dst=10.89.19.255 type=0 code=0 id=7 mark=0 use=1',
  '',
].join('\n');

const flows = [{ from: '10.89.4.0/24' }];
const many = Array.from({ length: 40 }, (_, index) => ({ from: `10.89.${index}.0/24` }));

describe('forgetFlows', () => {
  it.each([
    ['one', flows],
    ['many at once', many],
  ])('retries when a flow ended meanwhile: %s', async (_, all) => {
    const { exec, tries } = failingWith(gone, gone, '');
    await forgetFlows(exec, all);
    expect(tries()).toBe(3);
  });

  it('reports a missing conntrack, also when a shell started it', async () => {
    const stderr = 'sh: 1: conntrack: not found';
    const exec = { run: () => Promise.resolve({ exitCode: 127, stdout: '', stderr }) };
    await expect(forgetFlows(exec, many)).rejects.toMatchObject({ code: 'missing-tool' });
  });

  it('succeeds when no flow matches', async () => {
    const { exec, tries } = failingWith(gone, none);
    await forgetFlows(exec, flows);
    expect(tries()).toBe(2);
  });

  it.each([[gone], [refused]])(
    'stops after a number of tries, and after any other error: %s',
    async (stderr) => {
      await expect(forgetFlows(failingWith(stderr).exec, flows)).rejects.toThrow(stderr);
    },
  );
});

describe('forgetFlows with many subnets', () => {
  const commands: string[] = [];
  const exec: Exec = {
    run: (argv, { input = '' } = {}) => {
      commands.push(argv.join(' '), ...input.split('\n').slice(0, -1));
      return Promise.resolve({ exitCode: 0, stdout: argv.includes('ipv4') ? listing : '', stderr: '' });
    },
  };

  it('deletes only flows of subnets that have some', async () => {
    commands.length = 0;
    const pairs = [
      { from: '10.89.3.0/24', to: '192.0.2.0/24' },
      { from: '10.89.19.0/24', to: '192.0.2.0/24' },
      { from: '2001:db8::/64' },
    ];
    await forgetFlows(exec, [...many, ...pairs]);
    expect(commands).toEqual([
      'conntrack -L -f ipv4',
      'conntrack -L -f ipv6',
      'sh -c cat | "$@" sh conntrack -R -',
      '-D -f ipv4 -s 10.89.3.0/24',
      '-D -f ipv4 -s 10.89.19.0/24',
      '-D -f ipv4 -s 10.89.3.0/24 -d 192.0.2.0/24',
    ]);
  });

  it('searches a full table', async () => {
    const line = 'udp      17 29 src=10.88.0.2 dst=192.0.2.1 sport=1 dport=2 src=192.0.2.1 dst=10.88.0.2 ';
    const full = Array.from({ length: 262_144 }, () => line).join('\n');
    const busy: Exec = { run: () => Promise.resolve({ exitCode: 0, stdout: full, stderr: '' }) };
    expect(await knownFlows(busy, [...many, { from: '10.88.0.0/24' }])).toEqual([{ from: '10.88.0.0/24' }]);
  });

  it('deletes none when no subnet has flows', async () => {
    commands.length = 0;
    const without = many.filter(({ from }) => from !== '10.89.3.0/24' && from !== '10.89.19.0/24');
    await forgetFlows(exec, without);
    expect(commands).toEqual(['conntrack -L -f ipv4']);
  });

  it('finds flows that began with a reply, by their destination', async () => {
    const line =
      'udp      17 29 src=203.0.113.10 dst=10.89.4.2 sport=80 dport=5000 src=10.89.4.2 dst=203.0.113.10 sport=5000 ';
    const conntrack: Exec = { run: () => Promise.resolve({ exitCode: 0, stdout: line, stderr: '' }) };
    const pairs = bothDirections([{ from: '10.89.4.0/24' }, { from: '10.89.5.0/24' }]);
    expect(await knownFlows(conntrack, pairs)).toEqual([{ from: '0.0.0.0/0', to: '10.89.4.0/24' }]);
    const pair = bothDirections([{ from: '10.89.4.0/24', to: '203.0.113.0/24' }]);
    expect(await knownFlows(conntrack, pair)).toEqual([{ from: '203.0.113.0/24', to: '10.89.4.0/24' }]);
  });
});

describe('forgetFlows of published ports', () => {
  const published =
    'tcp      6 431999 ESTABLISHED src=192.168.50.2 dst=192.0.2.2 sport=40000 dport=8080 src=10.89.4.5 dst=192.168.50.2 sport=80 dport=40000 [ASSURED] mark=0 use=1\n';

  it('deletes by each address that replies, since conntrack accepts no subnet there', async () => {
    const commands: string[] = [];
    const run = (
      argv: readonly string[],
      { input = '' }: { readonly input?: string } = {},
    ): Promise<Output> => {
      commands.push(...(argv.includes('-L') ? [] : [argv.join(' '), input]));
      return Promise.resolve({ exitCode: 0, stdout: listing + published + published, stderr: '' });
    };
    expect(await forgetFlows({ run }, [{ from: '10.89.4.0/24', inbound: true }])).toBe(true);
    expect(commands).toEqual(['sh -c cat | "$@" sh conntrack -R -', '-D -f ipv4 -r 10.89.4.5\n']);
    commands.length = 0;
    expect(await forgetFlows({ run }, [{ from: '10.89.6.0/24', inbound: true }])).toBe(false);
    expect(commands).toEqual([]);
  });
});

describe('conntrackArgs', () => {
  it.each([
    [{ from: '10.89.4.0/24' }, '-D -f ipv4 -s 10.89.4.0/24'],
    [{ from: '10.89.4.0/24', to: '1.1.1.1/32' }, '-D -f ipv4 -s 10.89.4.0/24 -d 1.1.1.1/32'],
    [{ from: '10.89.4.5/32', inbound: true as const }, '-D -f ipv4 -r 10.89.4.5'],
    [{ from: 'fd89:4::/64' }, '-D -f ipv6 -s fd89:4::/64'],
    [{ from: '::/0', to: 'fd89:4::/64' }, '-D -f ipv6 -d fd89:4::/64'],
    [{ from: 'fd89:5::7/128', to: '2001:db8::/32' }, '-D -f ipv6 -s fd89:5::7/128 -d 2001:db8::/32'],
  ])('of %j', (some, args) => {
    expect(conntrackArgs(some).join(' ')).toBe(args);
  });
});
