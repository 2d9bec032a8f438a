/**
 * Drop rules of iptables-legacy with their counters: nft's trace does not show them. Only tables that exist are listed,
 * since a listing would create one.
 */
import type { Family } from '../../address/cidr.ts';
import { ifInstalled } from '../process/missing-program.ts';
import type { Host } from '../ports.ts';

export interface LegacyDrop {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** rule as `iptables-save` prints it: `-A FORWARD -i br0 -j DROP`; `-P FORWARD DROP` for a policy */
  readonly rule: string;
  readonly packets: number;
}

export async function readLegacyDrops(host: Host, family: Family): Promise<LegacyDrop[]> {
  const prefix = family === 4 ? 'ip' : 'ip6';
  const tables = (await host.files.read(`/proc/net/${prefix}_tables_names`))?.trim() ?? '';
  if (tables === '') return [];
  return decodeLegacyDrops(await save(host, `${prefix}tables`), family);
}

/** Returns an empty text without iptables. */
async function save({ exec }: Host, program: string): Promise<string> {
  // With both versions installed, the plain name may be the one of nft.
  for (const name of [`${program}-legacy-save`, `${program}-save`]) {
    const output = await ifInstalled(exec.run([name, '-c'], { timeout: 10_000 }));
    if (output?.exitCode === 0) return output.stdout;
  }
  return '';
}

export function decodeLegacyDrops(text: string, family: Family): LegacyDrop[] {
  let table = '';
  return text.split('\n').flatMap((line): LegacyDrop[] => {
    table = /^\*(\S+)$/.exec(line)?.[1] ?? table;
    const [, policyChain, policyPackets] = /^:(\S+) DROP \[(\d+):\d+\]$/.exec(line) ?? [];
    if (policyChain !== undefined) {
      const rule = `-P ${policyChain} DROP`;
      return [{ family, table, chain: policyChain, rule, packets: Number(policyPackets) }];
    }
    const [, packets, rule, chain] = /^\[(\d+):\d+\] (-A (\S+) .*)$/.exec(line) ?? [];
    if (rule === undefined || chain === undefined || !/ -j (?:DROP|REJECT)\b/.test(rule)) return [];
    return [{ family, table, chain, rule, packets: Number(packets) }];
  });
}

/** Rules whose counter has risen. */
export function increasedDrops(before: readonly LegacyDrop[], after: readonly LegacyDrop[]): LegacyDrop[] {
  const counts = new Map(before.map((drop) => [keyOf(drop), drop.packets]));
  return after.filter((drop) => drop.packets > (counts.get(keyOf(drop)) ?? 0));
}

function keyOf({ family, table, chain, rule }: LegacyDrop): string {
  return [family, table, chain, rule].join(' ');
}
