/** Targets of published ports: IPv4 destinations in DNAT rules of other programs. */
import type { Address } from '../../address/cidr.ts';
import type { ForeignChain } from '../../state/facts.ts';
import { ifInstalled } from '../process/missing-program.ts';
import type { Exec, Host } from '../ports.ts';

/**
 * Reads DNAT rules of iptables, listing only tables that exist (a listing may create a table), and of nft tables with a
 * nat chain.
 *
 * @returns each target once
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
    ...(ofIptables || legacy.includes('nat') ? [outputOf(exec, ['iptables-save', '-t', 'nat'])] : []),
    ...tables.map((table) => outputOf(exec, ['nft', 'list', 'table', ...table.split(' ')])),
  ]);
  const found = texts.flatMap((text) => [...text.matchAll(target)].flatMap(([, address]) => address ?? []));
  return [...new Set(found)];
}

const iptablesTables: ReadonlySet<string> = new Set(['nat', 'filter', 'mangle', 'raw', 'security']);

/** `--to-destination 10.88.0.2:80`, `dnat to 10.88.0.2:80`, `dnat ip to 10.88.0.2 : 80` */
const target = /(?:--to-destination|\bdnat(?: ip)? to) (\d+(?:\.\d+){3})/g;

/** Returns an empty text when the program is missing or the table is gone. */
async function outputOf(exec: Exec, argv: readonly string[]): Promise<string> {
  const output = await ifInstalled(exec.run(argv));
  return output?.exitCode === 0 ? output.stdout : '';
}
