import { describe, expect, it } from 'vitest';
import { bothWays } from '../../kinds/flows/action.ts';
import { conntrackArgs, forgetFlows } from './forget.ts';
import { knownFlows } from './list.ts';
import type { Exec, Output } from '../ports.ts';

/** What conntrack 1.4.7 says. */
const gone = "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist";
const none = 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.';
const refused = 'conntrack v1.4.7 (conntrack-tools): Operation failed: Operation not permitted';

/** Answers one after the other, the last one for ever. */
function answering(...answers: readonly string[]): { readonly exec: Exec; readonly asked: () => number } {
  let asked = 0;
  const run = ([, verb]: readonly string[]): Promise<Output> => {
    if (verb === '-L') return Promise.resolve({ exitCode: 0, stdout: listing, stderr: '' });
    const stderr = answers[Math.min(asked++, answers.length - 1)] ?? '';
    return Promise.resolve({ exitCode: stderr ? 1 : 0, stdout: '', stderr });
  };
  return { exec: { run }, asked: () => asked };
}

/** As conntrack 1.4.7 lists flows: an answer comes from where its question went. */
const listing = [
  'tcp      6 431999 ESTABLISHED src=10.89.3.7 dst=192.0.2.1 sport=40000 dport=443 src=192.0.2.1 dst=172.31.0.1 sport=443 dport=40000 [ASSURED] mark=0 use=1',
  'udp      17 29 src=10.88.0.2 dst=10.89.5.1 sport=5353 dport=53 [UNREPLIED] src=10.89.5.1 dst=10.88.0.2 sport=53 dport=5353 mark=0 use=1',
  'icmp     1 29 src=10.89.19.255 dst=198.51.100.9 type=8 code=0 id=7 src=198.51.100.9 dst=10.89.19.255 type=0 code=0 id=7 mark=0 use=1',
  '',
].join('\n');

const flows = [{ from: '10.89.4.0/24' }];
const many = Array.from({ length: 40 }, (_, index) => ({ from: `10.89.${index}.0/24` }));

describe('forgetting flows', () => {
  it.each([
    ['one', flows],
    ['many at once', many],
  ])('begins again when a flow ended meanwhile: %s', async (_, all) => {
    const { exec, asked } = answering(gone, gone, '');
    await forgetFlows(exec, all);
    expect(asked()).toBe(3);
  });

  it('says that there is no conntrack, also where a shell has looked for it', async () => {
    const stderr = 'sh: 1: conntrack: not found';
    const exec = { run: () => Promise.resolve({ exitCode: 127, stdout: '', stderr }) };
    await expect(forgetFlows(exec, many)).rejects.toMatchObject({ code: 'missing-tool' });
  });

  it('finds nothing to forget, and that is no error', async () => {
    const { exec, asked } = answering(gone, none);
    await forgetFlows(exec, flows);
    expect(asked()).toBe(2);
  });

  it.each([[gone], [refused]])('does not go on for ever, nor after another error: %s', async (said) => {
    await expect(forgetFlows(answering(said).exec, flows)).rejects.toThrow(said);
  });
});

describe('forgetting flows of many subnets', () => {
  const told: string[] = [];
  const exec: Exec = {
    run: (argv, { input = '' } = {}) => {
      told.push(argv.join(' '), ...input.split('\n').slice(0, -1));
      return Promise.resolve({ exitCode: 0, stdout: argv.includes('ipv4') ? listing : '', stderr: '' });
    },
  };

  it('asks for those alone that have some', async () => {
    told.length = 0;
    const pairs = [
      { from: '10.89.3.0/24', to: '192.0.2.0/24' },
      { from: '10.89.19.0/24', to: '192.0.2.0/24' },
      { from: '2001:db8::/64' },
    ];
    await forgetFlows(exec, [...many, ...pairs]);
    expect(told).toEqual([
      'conntrack -L -f ipv4',
      'conntrack -L -f ipv6',
      'sh -c cat | "$@" sh conntrack -R -',
      '-D -f ipv4 -s 10.89.3.0/24',
      '-D -f ipv4 -s 10.89.19.0/24',
      '-D -f ipv4 -s 10.89.3.0/24 -d 192.0.2.0/24',
    ]);
  });

  it('looks through a table that is full', async () => {
    const line = 'udp      17 29 src=10.88.0.2 dst=192.0.2.1 sport=1 dport=2 ';
    const full = Array.from({ length: 262_144 }, () => line).join('\n');
    const busy: Exec = { run: () => Promise.resolve({ exitCode: 0, stdout: full, stderr: '' }) };
    expect(await knownFlows(busy, [...many, { from: '10.88.0.0/24' }])).toEqual([{ from: '10.88.0.0/24' }]);
  });

  it('asks for none when none has any', async () => {
    told.length = 0;
    const without = many.filter(({ from }) => from !== '10.89.3.0/24' && from !== '10.89.19.0/24');
    await forgetFlows(exec, without);
    expect(told).toEqual(['conntrack -L -f ipv4']);
  });

  it('finds those that an answer began, by whom it went to', async () => {
    const line = 'udp      17 29 src=203.0.113.10 dst=10.89.4.2 sport=80 dport=5000 ';
    const answered: Exec = { run: () => Promise.resolve({ exitCode: 0, stdout: line, stderr: '' }) };
    const asked = bothWays([{ from: '10.89.4.0/24' }, { from: '10.89.5.0/24' }]);
    expect(await knownFlows(answered, asked)).toEqual([{ from: '0.0.0.0/0', to: '10.89.4.0/24' }]);
    const pair = bothWays([{ from: '10.89.4.0/24', to: '203.0.113.0/24' }]);
    expect(await knownFlows(answered, pair)).toEqual([{ from: '203.0.113.0/24', to: '10.89.4.0/24' }]);
  });
});

describe('what conntrack is asked', () => {
  it.each([
    [{ from: '10.89.4.0/24' }, '-D -f ipv4 -s 10.89.4.0/24'],
    [{ from: '10.89.4.0/24', to: '1.1.1.1/32' }, '-D -f ipv4 -s 10.89.4.0/24 -d 1.1.1.1/32'],
    [{ from: '10.89.4.5/32', called: true as const }, '-D -f ipv4 -r 10.89.4.5'],
    [{ from: 'fd89:4::/64' }, '-D -f ipv6 -s fd89:4::/64'],
    [{ from: '::/0', to: 'fd89:4::/64' }, '-D -f ipv6 -d fd89:4::/64'],
    [{ from: 'fd89:5::7/128', to: '2001:db8::/32' }, '-D -f ipv6 -s fd89:5::7/128 -d 2001:db8::/32'],
  ])('of %j', (asked, args) => {
    expect(conntrackArgs(asked).join(' ')).toBe(args);
  });
});
