/** Targets of published ports: IPv4 destinations in DNAT rules of other programs. */
import type { Address } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { ForeignChain } from '../../state/facts.ts';
import type { Exec, Host } from '../ports.ts';

/**
 * Of iptables, whose tables are listed only when they are there (to list one may make it), and of nft tables with a chain for
 * it.
 *
 * @returns each once
 */
export async function readDnatTargets(
  { exec, files }: Pick<Host, 'exec' | 'files'>,
  chains: readonly ForeignChain[],
): Promise<readonly Address[]> {
  const legacy = (await files.read('/proc/net/ip_tables_names'))?.split('\n') ?? [];
  const ofIptables = chains.some(({ family, table }) => family === 'ip' && table === 'nat');
  const others = chains.filter(
    ({ family, table }) => family === 'inet' || (family === 'ip' && !iptablesTables.has(table)),
  );
  const tables = [...new Set(others.map(({ family, table }) => `${family} ${table}`))];
  const texts = await Promise.all([
    ...(ofIptables || legacy.includes('nat') ? [said(exec, ['iptables-save', '-t', 'nat'])] : []),
    ...tables.map((table) => said(exec, ['nft', 'list', 'table', ...table.split(' ')])),
  ]);
  const found = texts.flatMap((text) => [...text.matchAll(target)].flatMap(([, address]) => address ?? []));
  return [...new Set(found)];
}

const iptablesTables: ReadonlySet<string> = new Set(['nat', 'filter', 'mangle', 'raw', 'security']);

/** `--to-destination 10.88.0.2:80`, `dnat to 10.88.0.2:80`, `dnat ip to 10.88.0.2 : 80` */
const target = /(?:--to-destination|\bdnat(?: ip)? to) (\d+(?:\.\d+){3})/g;

/** Nothing where the program is missing, or the table has gone meanwhile. */
async function said(exec: Exec, argv: readonly string[]): Promise<string> {
  try {
    const { exitCode, stdout } = await exec.run(argv);
    return exitCode === 0 ? stdout : '';
  } catch (error) {
    if (error instanceof MustredirectError && error.code === 'missing-tool') return '';
    throw error;
  }
}
