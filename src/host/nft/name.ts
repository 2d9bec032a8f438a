/** Names of nft's tables, chains and sets, as its grammar has them. The kernel takes others, too. */
import * as z from 'zod';

const pattern = /^[A-Za-z_][\w./-]{0,127}$/;

export const nftName = z.string().regex(pattern, 'not a name');

/** nft reads its arguments as one text: what is no name could be a command of its own. */
export function isNftName(text: string): boolean {
  return pattern.test(text);
}
