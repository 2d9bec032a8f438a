/** `nft`: transactions on table `inet mustredirect`, and its list as JSON. */
import type { Output } from '../../src/host/ports.ts';
import { iptablesChains, listIptables } from './iptables.ts';
import { Refused, runLine } from './nft-commands.ts';
import { encodeElement, encodeRule } from './nft-encode.ts';
import { rememberOf } from './remember.ts';
import { type FakeState, type FakeTable, unknownToFake } from './state.ts';

const metainfo = {
  metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 },
};
const place = { family: 'inet', table: 'mustredirect' };

interface NftOptions {
  readonly input?: string | undefined;
  /** called after each transaction */
  readonly changed: (text: string) => void;
}

export function runNft(
  state: FakeState,
  args: readonly string[],
  { input = '', changed }: NftOptions,
): Output {
  switch (args.join(' ')) {
    case '-f -':
      return transact(state, input, changed);
    case '-j list table inet mustredirect':
      return state.nft
        ? { exitCode: 0, stdout: listJson(state.nft), stderr: '' }
        : noSuchTable(args.slice(1));
    case '-j list chains':
      // Only foreign chains of iptables are modelled.
      return {
        exitCode: 0,
        stdout: JSON.stringify({
          nftables: [metainfo, ...chainObjects(state.nft), ...iptablesChains(state)],
        }),
        stderr: '',
      };
    case '-j list chain inet mustredirect closing_replies':
      // The host receives no replies.
      return { exitCode: 0, stdout: JSON.stringify({ nftables: [metainfo] }), stderr: '' };
    default:
      if (args.slice(0, 4).join(' ') === '-s -t list table' && state.iptables.size > 0) {
        return listIptables(state, args.slice(4));
      }
      // No other foreign tables are modelled.
      if (/^-s -t list table (ip|inet) [A-Za-z_][\w./-]*$/.test(args.join(' ')))
        return noSuchTable(args.slice(2));
      return unknownToFake(`nft ${args.join(' ')}`);
  }
}

/** Applies the whole text, or nothing. */
function transact(state: FakeState, text: string, changed: NftOptions['changed']): Output {
  let table = state.nft;
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    try {
      table = runLine(table, line);
    } catch (error) {
      if (error instanceof Refused) return failed(`/dev/stdin:${i + 1}:1: Error: ${error.message}\n${line}`);
      throw error;
    }
  }
  state.nft = table;
  changed(`nft ${text}`);
  return { exitCode: 0, stdout: '', stderr: '' };
}

/** Lists the table without handles, which are not read. */
const listJson = rememberOf(({ sets, chains, dormant = false }: FakeTable): string => {
  const nftables = [
    metainfo,
    // For flag `dormant`, 1.0.6 prints other words from uninitialised memory.
    { table: { family: 'inet', name: 'mustredirect', ...(dormant ? { flags: 'cc' } : {}) } },
    ...[...sets].map(([name, { type, counted, exact, dynamic, verdicts, elements }]) => ({
      [verdicts ? 'map' : 'set']: {
        ...place,
        name,
        type: type.length === 1 ? type[0] : type,
        ...(verdicts ? { map: 'verdict' } : {}),
        ...(exact ? {} : { flags: ['interval'] }),
        // nft 1.0.6 prints no flag for a dynamic set.
        ...(dynamic ? { size: 65_535 } : {}),
        ...(elements.length > 0 ? { elem: elements.map((element) => encodeElement(element, counted)) } : {}),
        ...(counted ? { stmt: [{ counter: null }] } : {}),
      },
    })),
    ...chainObjects({ chains }),
    ...[...chains].flatMap(([chain, { rules }]) =>
      rules.map((rule) => ({ rule: { ...place, chain, expr: encodeRule(rule) } })),
    ),
  ];
  return JSON.stringify({ nftables });
});

function chainObjects(table: Pick<FakeTable, 'chains'> | undefined): object[] {
  return [...(table?.chains ?? [])].map(([name, { hook }]) => ({
    chain: {
      ...place,
      name,
      ...(hook
        ? { type: hook.type, hook: hook.hook, prio: hook.priority, policy: hook.policy ?? 'accept' }
        : {}),
    },
  }));
}

function noSuchTable(words: readonly string[]): Output {
  return failed(`Error: No such file or directory\n${words.join(' ')}\n${' '.repeat(16)}^^^^^^^^^^^^`);
}

function failed(stderr: string): Output {
  return { exitCode: 1, stdout: '', stderr };
}
