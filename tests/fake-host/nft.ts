/** The program `nft`: transactions on table `inet mustredirect`, and its list as JSON. */
import type { Output } from '../../src/host/ports.ts';
import { Refused, runLine } from './nft-commands.ts';
import { encodeElement, encodeRule } from './nft-encode.ts';
import { type FakeState, type FakeTable, unknownToFake } from './state.ts';

const place = { family: 'inet', table: 'mustredirect' };

export function runNft(state: FakeState, args: readonly string[], input = ''): Output {
  switch (args.join(' ')) {
    case '-f -':
      return transact(state, input);
    case '-j list table inet mustredirect':
      return state.nft
        ? { exitCode: 0, stdout: listJson(state.nft), stderr: '' }
        : failed(
            `Error: No such file or directory\nlist table inet mustredirect\n${' '.repeat(16)}^^^^^^^^^^^^`,
          );
    default:
      return unknownToFake(`nft ${args.join(' ')}`);
  }
}

/** All of it, or nothing. */
function transact(state: FakeState, text: string): Output {
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
  return { exitCode: 0, stdout: '', stderr: '' };
}

/** Without the handles, which nobody reads. */
function listJson({ sets, chains }: FakeTable): string {
  const nftables = [
    { metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 } },
    { table: { family: 'inet', name: 'mustredirect' } },
    ...[...sets].map(([name, { type, counted, elements }]) => ({
      set: {
        ...place,
        name,
        type: type.length === 1 ? type[0] : type,
        flags: ['interval'],
        ...(elements.length > 0 ? { elem: elements.map((element) => encodeElement(element, counted)) } : {}),
        ...(counted ? { stmt: [{ counter: null }] } : {}),
      },
    })),
    ...[...chains].map(([name, { hook }]) => ({
      chain: {
        ...place,
        name,
        ...(hook ? { type: hook.type, hook: hook.hook, prio: hook.priority, policy: 'accept' } : {}),
      },
    })),
    ...[...chains].flatMap(([chain, { rules }]) =>
      rules.map((rule) => ({ rule: { ...place, chain, expr: encodeRule(rule) } })),
    ),
  ];
  return JSON.stringify({ nftables });
}

function failed(stderr: string): Output {
  return { exitCode: 1, stdout: '', stderr };
}
