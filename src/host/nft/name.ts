/** Names of nft tables, chains and sets that nft's grammar accepts. The kernel accepts others, too. */
import * as z from 'zod';

const pattern = /^[A-Za-z_][\w./-]{0,127}$/;

export const nftName = z.string().regex(pattern, 'not a name');

/** nft parses its arguments as one text: a name with other characters could be a command of its own. */
export function isNftName(text: string): boolean {
  return pattern.test(text);
}
