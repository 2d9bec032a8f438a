import * as z from 'zod';
import type { ActionKind } from '../action-kind.ts';
import type { Plain } from '../plain.ts';

/** nft transaction. */
export type NftTransaction = Plain<typeof schema>;

const schema = z.object({ kind: z.literal('nft'), text: z.string() });

export const nftTransaction: ActionKind<NftTransaction> = {
  names: ['nft'],
  schema,
  work: () => 'writing nft',
  // Elements are one to a line or separated by commas. An estimate for progress: other commas count, too.
  objects: ({ text }) => text.split(/[,\n]/).length - 1,
  outlivesRestart: false,
  shell: ({ text }) => nftShell(text),
};

export function nftShell(text: string): string[] {
  return [`nft -f - <<'END'`, text.trimEnd(), 'END'];
}
