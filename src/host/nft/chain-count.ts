/** Counters of the rules in one of our chains. */
import * as z from 'zod';
import { ownNftTable } from '../../kinds/ownership.ts';
import { decodeJson } from '../ip/json.ts';
import type { Exec } from '../ports.ts';

const countingSchema = z.object({ counter: z.object({ packets: z.number() }) });
const listingSchema = z.object({
  nftables: z.array(z.object({ rule: z.object({ expr: z.array(z.unknown()) }).optional() })),
});

/** Number of packets; undefined when the chain is missing. */
export async function countInChain(exec: Exec, chain: string): Promise<number | undefined> {
  const argv = ['nft', '-j', 'list', 'chain', 'inet', ownNftTable, chain];
  const { exitCode, stdout } = await exec.run(argv);
  if (exitCode !== 0) return undefined;
  const { nftables } = decodeJson(argv, stdout, listingSchema);
  const counts = nftables
    .flatMap(({ rule }) => rule?.expr ?? [])
    .map((expression) => countingSchema.safeParse(expression).data?.counter.packets ?? 0);
  return counts.reduce((sum, count) => sum + count, 0);
}
