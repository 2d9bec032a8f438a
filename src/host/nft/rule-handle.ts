/** Finds the handle of a rule by its text in a trace: the handle is needed to delete the rule. */
import type { Exec } from '../ports.ts';
import type { ChainName } from './trace.ts';

export interface FoundRule {
  readonly text: string;
  readonly handle?: number;
}

/** @param traced text of the rule in `nft monitor trace` */
export async function findRule(
  exec: Exec,
  { family, table, chain }: ChainName,
  traced: string,
): Promise<FoundRule> {
  const { exitCode, stdout } = await exec.run(['nft', '-a', 'list', 'chain', family, table, chain], {
    timeout: 10_000,
  });
  return exitCode === 0 ? matchRule(stdout, traced) : { text: plain(traced) };
}

/** Returns the first rule with this text, which is the one that acts. A trace may omit an iptables rule's target. */
export function matchRule(listing: string, traced: string): FoundRule {
  const wanted = plain(traced);
  const unknown = /^unknown rule handle (\d+)$/.exec(wanted)?.[1];
  const rules = listing.split('\n').flatMap((line): { text: string; handle: number }[] => {
    const [, text, handle] = /^\s+(.*) # handle (\d+)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ text: plain(text), handle: Number(handle) }];
  });
  if (unknown !== undefined) {
    return (
      rules.find(({ handle }) => handle === Number(unknown)) ?? { text: wanted, handle: Number(unknown) }
    );
  }
  const same = rules.find(({ text }) => text === wanted);
  return same ?? rules.find(({ text }) => text.startsWith(`${wanted} `)) ?? { text: wanted };
}

/** A trace shows counters as they were when nft read the rule. */
function plain(text: string): string {
  return text
    .replaceAll(/counter packets \d+ bytes \d+/g, 'counter')
    .replaceAll(/ +/g, ' ')
    .trim();
}
