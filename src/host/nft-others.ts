/** Reads what there is of nft beside our own table: chains, and those that stop what is forwarded. */
import * as z from 'zod';
import { MustredirectError } from '../error.ts';
import type { ForeignChain, ForwardFilter } from '../state/facts.ts';
import { ownNftTable } from '../state/ownership.ts';
import { commandError } from './exec.ts';
import { filterChains } from './nft-forward-rule.ts';
import { isNftName } from './nft-name.ts';
import type { Exec } from './ports.ts';

export interface OtherTables {
  readonly chains: readonly ForeignChain[];
  readonly forwardFilters: readonly ForwardFilter[];
}

const chainSchema = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
type RawChain = z.infer<typeof chainSchema>;
const answerSchema = z.object({ nftables: z.array(z.object({ chain: chainSchema.optional() })) });

const argv = ['nft', '-j', 'list', 'chains'];

/** The rules of a table are read only where they are needed: others may have ten thousand of them. */
export async function readOtherTables(exec: Exec): Promise<OtherTables> {
  const output = await exec.run(argv);
  if (output.exitCode !== 0) throw commandError(argv, output);
  const chains = decodeChains(output.stdout).filter(
    ({ family, table }) => family !== 'inet' || table !== ownNftTable,
  );
  const filters = chains.filter(stopsForwarding).map((chain) => readFilter(exec, chain));
  return {
    chains: chains.map(({ family, table, name }) => ({ family, table, name })),
    forwardFilters: (await Promise.all(filters)).flat(),
  };
}

function decodeChains(text: string): RawChain[] {
  try {
    return answerSchema.parse(JSON.parse(text)).nftables.flatMap(({ chain }) => chain ?? []);
  } catch (cause) {
    throw new MustredirectError('failed', `${argv.join(' ')}: its answer is not understood`, {
      hint: 'nftables 1.0.6 or later is known to work: `nft --version`',
      cause,
    });
  }
}

function stopsForwarding({ family, table, hook, policy }: RawChain): boolean {
  if (!isNftName(table)) return false;
  return hook === 'forward' && policy === 'drop' && ['ip', 'ip6', 'inet'].includes(family);
}

/** Nothing when the table has gone meanwhile. */
async function readFilter(exec: Exec, { family, table, name }: RawChain): Promise<ForwardFilter[]> {
  const list = ['nft', '-s', '-t', 'list', 'table', family, table];
  const output = await exec.run(list);
  if (output.stderr.includes('No such file or directory')) return [];
  if (output.exitCode !== 0) throw commandError(list, output);
  return [{ family, table, chain: name, chains: filterChains(output.stdout) }];
}
