import * as z from 'zod';
import type { ActionKind } from '../action-kind.ts';
import type { Plain } from '../plain.ts';

/** One nft transaction. */
export type NftTransaction = Plain<typeof schema>;

const schema = z.object({ kind: z.literal('nft'), text: z.string() });

export const nftTransaction: ActionKind<NftTransaction> = {
  names: ['nft'],
  schema,
  work: () => 'writing nft',
  // One to a line, or one after the other in braces. It is for the eye: what else has a comma counts as well.
  objects: ({ text }) => text.split(/[,\n]/).length - 1,
  outlivesRestart: false,
  shell: ({ text }) => nftShell(text),
};

export function nftShell(text: string): string[] {
  return [`nft -f - <<'END'`, text.trimEnd(), 'END'];
}
