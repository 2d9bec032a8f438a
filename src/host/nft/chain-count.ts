/** Counters of the rules of one of our chains. */
import * as z from 'zod';
import { ownNftTable } from '../../kinds/ownership.ts';
import type { Exec } from '../ports.ts';

const countingSchema = z.object({ counter: z.object({ packets: z.number() }) });
const answerSchema = z.object({
  nftables: z.array(z.object({ rule: z.object({ expr: z.array(z.unknown()) }).optional() })),
});

/** Packets; nothing where there is no such chain, or none that can be read. */
export async function countInChain(exec: Exec, chain: string): Promise<number | undefined> {
  const { exitCode, stdout } = await exec.run(['nft', '-j', 'list', 'chain', 'inet', ownNftTable, chain]);
  if (exitCode !== 0) return undefined;
  const { nftables } = answerSchema.parse(JSON.parse(stdout));
  const counts = nftables
    .flatMap(({ rule }) => rule?.expr ?? [])
    .map((expression) => countingSchema.safeParse(expression).data?.counter.packets ?? 0);
  return counts.reduce((sum, count) => sum + count, 0);
}
