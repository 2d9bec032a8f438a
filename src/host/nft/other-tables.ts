/** Reads foreign nft tables: all chains, and forward chains with policy drop. */
import type { ForeignChain, ForwardFilter } from '../../state/facts.ts';
import { ownNftTable } from '../../kinds/ownership.ts';
import { commandError } from '../process/exec.ts';
import type { ListedChain } from './chains.ts';
import { filterChains } from './forward-rule.ts';
import { isNftName } from './name.ts';
import type { Exec } from '../ports.ts';

export interface OtherTables {
  readonly chains: readonly ForeignChain[];
  readonly forwardFilters: readonly ForwardFilter[];
}

/**
 * Rules of a table are read only where needed: foreign tables may have ten thousand of them.
 *
 * @param all the chains of all tables
 */
export async function readOtherTables(exec: Exec, all: readonly ListedChain[]): Promise<OtherTables> {
  const chains = all.filter(({ family, table }) => family !== 'inet' || table !== ownNftTable);
  return {
    chains: chains.map(({ family, table, name }) => ({ family, table, name })),
    forwardFilters: await readFilters(exec, chains, 'forward'),
  };
}

/** Base chains of a hook with policy drop, and the rules of their tables. */
export async function readFilters(
  exec: Exec,
  chains: readonly ListedChain[],
  at: 'forward' | 'input',
): Promise<ForwardFilter[]> {
  const dropping = chains.filter(
    ({ family, table, hook, policy }) =>
      hook === at && policy === 'drop' && isNftName(table) && ['ip', 'ip6', 'inet'].includes(family),
  );
  return (await Promise.all(dropping.map((chain) => readFilter(exec, chain)))).flat();
}

/** Returns none when the table is gone. */
async function readFilter(exec: Exec, { family, table, name }: ListedChain): Promise<ForwardFilter[]> {
  const list = ['nft', '-s', '-t', 'list', 'table', family, table];
  const output = await exec.run(list);
  if (output.stderr.includes('No such file or directory')) return [];
  if (output.exitCode !== 0) throw commandError(list, output);
  return [{ family, table, chain: name, chains: filterChains(output.stdout) }];
}
