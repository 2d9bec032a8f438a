/** Reads the chains of all nft tables, and checks that nft supports our table. */
import * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import { commandError } from '../process/exec.ts';
import { checkJson, checkVersion } from './version.ts';
import type { Exec } from '../ports.ts';

const chainSchema = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
export type ListedChain = z.infer<typeof chainSchema>;
const listingSchema = z.object({
  nftables: z.array(
    z.object({
      metainfo: z.object({ version: z.string().optional() }).optional(),
      chain: chainSchema.optional(),
    }),
  ),
});

const argv = ['nft', '-j', 'list', 'chains'];

export async function readChains(exec: Exec): Promise<ListedChain[]> {
  const output = await exec.run(argv);
  checkJson(output);
  if (output.exitCode !== 0) throw commandError(argv, output);
  const { nftables } = decodeListing(output.stdout);
  for (const { metainfo } of nftables) checkVersion(metainfo?.version);
  return nftables.flatMap(({ chain }) => chain ?? []);
}

function decodeListing(text: string): z.infer<typeof listingSchema> {
  try {
    return listingSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MustredirectError('failed', `${argv.join(' ')}: its output is not understood`, {
      hint: 'nftables 1.0.6 or later is known to work: `nft --version`',
      cause,
    });
  }
}
