/** Reads our rules in chains of iptables. Only tables that exist are listed, since a listing may create one. */
import { type Family, families } from '../../address/cidr.ts';
import type { ForeignChain } from '../../state/facts.ts';
import type { IptablesRule } from '../../kinds/iptables-rule/schema.ts';
import { ownComment } from '../../kinds/ownership.ts';
import { commandError } from '../process/exec.ts';
import { ifInstalled } from '../process/missing-program.ts';
import type { Exec, Host } from '../ports.ts';

export interface Iptables {
  readonly owned: readonly IptablesRule[];
  /** families whose filter table has chain DOCKER-USER */
  readonly dockerUser: readonly Family[];
}

interface IptablesTable {
  readonly family: Family;
  readonly table: IptablesRule['table'];
}

/** Chain in which our rules are, for each table of iptables. */
const chainOf: Readonly<Record<IptablesTable['table'], string>> = {
  filter: 'DOCKER-USER',
  raw: 'PREROUTING',
};

/** @param chains all nft chains, which include those of iptables-nft */
export async function readIptables(
  { exec, files }: Host,
  chains: readonly ForeignChain[],
): Promise<Iptables> {
  const found = await Promise.all(
    families.map(async (family) => {
      const prefix = family === 4 ? 'ip' : 'ip6';
      const legacy = await legacyTables(files, prefix);
      const tables = (['filter', 'raw'] as const).filter(
        (table) =>
          legacy.includes(table) ||
          chains.some((c) => c.family === prefix && c.table === table && c.name === chainOf[table]),
      );
      return Promise.all(tables.map((table) => readTable(exec, { family, table })));
    }),
  );
  const all = found.flat();
  return {
    owned: all.flatMap(({ owned }) => owned),
    dockerUser: all.flatMap(({ family, dockerUser }) => (dockerUser ? [family] : [])),
  };
}

/** Whether a table that we may have rules in is one of the old iptables, which is not one of nftables. */
export async function hasLegacyTables(files: Host['files']): Promise<boolean> {
  const found = await Promise.all((['ip', 'ip6'] as const).map((prefix) => legacyTables(files, prefix)));
  return found.flat().some((table) => table in chainOf);
}

async function legacyTables(files: Host['files'], prefix: 'ip' | 'ip6'): Promise<readonly string[]> {
  return (await files.read(`/proc/net/${prefix}_tables_names`))?.split('\n') ?? [];
}

async function readTable(exec: Exec, from: IptablesTable) {
  const text = await save(exec, from);
  return {
    family: from.family,
    dockerUser: from.table === 'filter' && /^:DOCKER-USER /m.test(text),
    owned: ownRules(text, from),
  };
}

/** nft rules in the table that iptables cannot express: it prints none of the rules */
const incompatible = /is incompatible, use 'nft' tool/;

/** Returns an empty text without iptables. */
async function save(exec: Exec, { family, table }: IptablesTable): Promise<string> {
  const argv = [family === 4 ? 'iptables-save' : 'ip6tables-save', '-t', table];
  const output = await ifInstalled(exec.run(argv));
  if (!output) return '';
  if (output.exitCode === 0 || incompatible.test(output.stdout + output.stderr)) return output.stdout;
  throw commandError(argv, output);
}

const comment = ` ${ownComment.join(' ')} `;

function ownRules(text: string, from: IptablesTable): IptablesRule[] {
  const dropping = new Set<string>();
  return text.split('\n').flatMap((line): IptablesRule[] => {
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === undefined || rule === undefined) return [];
    const words = ` ${rule}`.replaceAll('"mustredirect"', 'mustredirect');
    if (!words.includes(comment)) {
      if (/ -j (DROP|REJECT)\b/.test(words)) dropping.add(chain);
      return [];
    }
    // A rule with our comment in another chain or with another target is foreign.
    if (chain !== chainOf[from.table] || !words.endsWith(' -j ACCEPT')) return [];
    const args = words.replace(comment, ' ').trim().split(' ');
    const late = from.table === 'raw' && dropping.has(chain);
    return [{ kind: 'iptables-rule', ...from, chain, args, ...(late ? { late: true } : {}) }];
  });
}
