/** Reads what of ours is in chains of iptables. Only tables that are there are listed: to list one may make it. */
import { MustredirectError } from '../../error.ts';
import { type Family, families } from '../../address/cidr.ts';
import type { ForeignChain } from '../../state/facts.ts';
import type { IptablesRule } from '../../kinds/iptables-rule/schema.ts';
import { ownComment } from '../../kinds/ownership.ts';
import { commandError } from '../process/exec.ts';
import type { Exec, Host } from '../ports.ts';

export interface Iptables {
  readonly owned: readonly IptablesRule[];
  /** families whose filter table has chain DOCKER-USER */
  readonly dockerUser: readonly Family[];
}

interface Place {
  readonly family: Family;
  readonly table: IptablesRule['table'];
}

/** A chain that a table of iptables has, where it can have rules of ours in it. */
const chainOf: Readonly<Record<Place['table'], string>> = { filter: 'DOCKER-USER', raw: 'PREROUTING' };

/** @param chains of nft: those of the iptables that is built on it are among them */
export async function readIptables(
  { exec, files }: Host,
  chains: readonly ForeignChain[],
): Promise<Iptables> {
  const found = await Promise.all(
    families.map(async (family) => {
      const prefix = family === 4 ? 'ip' : 'ip6';
      const legacy = (await files.read(`/proc/net/${prefix}_tables_names`))?.split('\n') ?? [];
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

async function readTable(exec: Exec, place: Place) {
  const text = await save(exec, place);
  return {
    family: place.family,
    dockerUser: place.table === 'filter' && /^:DOCKER-USER /m.test(text),
    owned: ownRules(text, place),
  };
}

/** somebody has put more into it with nft than iptables understands: it prints none of the rules */
const incompatible = /is incompatible, use 'nft' tool/;

/** Nothing where there is no iptables. */
async function save(exec: Exec, { family, table }: Place): Promise<string> {
  const argv = [family === 4 ? 'iptables-save' : 'ip6tables-save', '-t', table];
  try {
    const output = await exec.run(argv);
    if (output.exitCode === 0 || incompatible.test(output.stdout + output.stderr)) return output.stdout;
    throw commandError(argv, output);
  } catch (error) {
    if (error instanceof MustredirectError && error.code === 'missing-tool') return '';
    throw error;
  }
}

const comment = ` ${ownComment.join(' ')} `;

function ownRules(text: string, place: Place): IptablesRule[] {
  const dropping = new Set<string>();
  return text.split('\n').flatMap((line): IptablesRule[] => {
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === undefined || rule === undefined) return [];
    const words = ` ${rule}`.replaceAll('"mustredirect"', 'mustredirect');
    if (!words.includes(comment)) {
      if (/ -j (DROP|REJECT)\b/.test(words)) dropping.add(chain);
      return [];
    }
    // With the same comment elsewhere, or with another target, it is somebody's.
    if (chain !== chainOf[place.table] || !words.endsWith(' -j ACCEPT')) return [];
    const args = words.replace(comment, ' ').trim().split(' ');
    const late = place.table === 'raw' && dropping.has(chain);
    return [{ kind: 'iptables-rule', ...place, chain, args, ...(late ? { late: true } : {}) }];
  });
}
