/** `iptables` and `iptables-save` 1.8.9 of both families, for foreign chains. */
import type { Output } from '../../src/host/ports.ts';
import { type FakeState, unknownToFake } from './state.ts';

/** Docker's forward policy, chain DOCKER-USER, and the rules by which 28.2 drops replies. */
export const dockerChains: FakeState['iptables'] = new Map([
  ['4 filter FORWARD', ['-j DOCKER-USER']],
  ['4 filter DOCKER-USER', ['-j RETURN']],
  ['4 raw PREROUTING', ['-d 10.89.4.2/32 ! -i br-7765622e2e2e -j DROP']],
]);

export function runIptables(state: FakeState, program: string, args: readonly string[]): Output {
  const [wait, dashT, table = '', verb = '', chain = '', ...rule] = args;
  if (wait !== '-w' || dashT !== '-t') return unknownToFake([program, ...args].join(' '));
  const key = `${familyOf(program)} ${table} ${chain}`;
  const rules = state.iptables.get(key);
  if (!rules) return failed(`${program}: No chain/target/match by that name.`);
  const text = rule.join(' ');
  const at = rules.indexOf(text);
  switch (verb) {
    case '-C':
      return at < 0 ? failed(`${program}: Bad rule (does a matching rule exist in that chain?).`) : done('');
    case '-I':
      state.iptables = new Map(state.iptables).set(key, [text, ...rules]);
      return done('');
    case '-D':
      if (at < 0) return failed(`${program}: Bad rule (does a matching rule exist in that chain?).`);
      state.iptables = new Map(state.iptables).set(key, rules.toSpliced(at, 1));
      return done('');
    default:
      return unknownToFake([program, ...args].join(' '));
  }
}

export function saveIptables(state: FakeState, program: string, args: readonly string[]): Output {
  const [dashT, table = ''] = args;
  if (dashT !== '-t' || args.length !== 2) return unknownToFake([program, ...args].join(' '));
  const chains = chainsOf(state, familyOf(program), table);
  const lines = [
    `*${table}`,
    ...chains.map(([name]) => (name === 'FORWARD' ? ':FORWARD DROP [0:0]' : `:${name} - [0:0]`)),
    ...chains.flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
    'COMMIT',
  ];
  return done(lines.join('\n'));
}

/** Chains of iptables in `nft -j list chains`. */
export function iptablesChains({ iptables }: FakeState): object[] {
  return [...iptables.keys()].map((key) => {
    const [family, table, name] = key.split(' ');
    const base = name === 'FORWARD' ? { type: 'filter', hook: 'forward', prio: 0, policy: 'drop' } : {};
    return { chain: { family: family === '4' ? 'ip' : 'ip6', table, name, ...base } };
  });
}

/** Tables of iptables in `nft list table`, without details that we do not read. */
export function listIptables(state: FakeState, [nftFamily, table = '']: readonly string[]): Output {
  const blocks = chainsOf(state, nftFamily === 'ip' ? '4' : '6', table).map(([name, rules]) =>
    [
      `\tchain ${name} {`,
      ...rules.map(
        (rule) => `\t\tcounter ${/-j (DOCKER\S*)/.exec(rule)?.[1] ? 'jump DOCKER-USER' : 'return'}`,
      ),
      '\t}',
    ].join('\n'),
  );
  return done([`table ${nftFamily} ${table} {`, ...blocks, '}'].join('\n'));
}

function chainsOf({ iptables }: FakeState, family: string, table: string) {
  return [...iptables].flatMap(([key, rules]) => {
    const [ofFamily, ofTable, name = ''] = key.split(' ');
    return ofFamily === family && ofTable === table ? [[name, rules] as const] : [];
  });
}

function familyOf(program: string): string {
  return program.startsWith('ip6') ? '6' : '4';
}

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}

function failed(stderr: string): Output {
  return { exitCode: 1, stdout: '', stderr };
}
