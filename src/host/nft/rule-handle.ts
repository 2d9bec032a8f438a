/** Finds a rule again that a trace has named by its text: with its handle it can be deleted. */
import type { Exec } from '../ports.ts';
import type { ChainName } from './trace.ts';

export interface FoundRule {
  readonly text: string;
  readonly handle?: number;
}

/** @param traced as `nft monitor trace` printed it */
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

/** Of two rules with the same text, the first one acts. A trace may leave out the target of a rule of iptables, at its end. */
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

/** A trace shows counters as they were when nft read them. */
function plain(text: string): string {
  return text
    .replaceAll(/counter packets \d+ bytes \d+/g, 'counter')
    .replaceAll(/ +/g, ' ')
    .trim();
}
