/** Reads what there is of nft beside our own table: chains, and those that stop what is forwarded. */
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
 * The rules of a table are read only where they are needed: others may have ten thousand of them.
 *
 * @param all the chains of all tables
 */
export async function readOtherTables(exec: Exec, all: readonly ListedChain[]): Promise<OtherTables> {
  const chains = all.filter(({ family, table }) => family !== 'inet' || table !== ownNftTable);
  const filters = chains.filter(stopsForwarding).map((chain) => readFilter(exec, chain));
  return {
    chains: chains.map(({ family, table, name }) => ({ family, table, name })),
    forwardFilters: (await Promise.all(filters)).flat(),
  };
}

function stopsForwarding({ family, table, hook, policy }: ListedChain): boolean {
  if (!isNftName(table)) return false;
  return hook === 'forward' && policy === 'drop' && ['ip', 'ip6', 'inet'].includes(family);
}

/** Nothing when the table has gone meanwhile. */
async function readFilter(exec: Exec, { family, table, name }: ListedChain): Promise<ForwardFilter[]> {
  const list = ['nft', '-s', '-t', 'list', 'table', family, table];
  const output = await exec.run(list);
  if (output.stderr.includes('No such file or directory')) return [];
  if (output.exitCode !== 0) throw commandError(list, output);
  return [{ family, table, chain: name, chains: filterChains(output.stdout) }];
}
