import * as z from 'zod';
import { family, strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/**
 * A rule of ours in a chain of somebody else: what is dropped there, no accept of ours elsewhere lets pass. It comes
 * first in the chain, and has a comment by which it is recognised.
 */
export type IptablesRule = Plain<typeof iptablesRuleSchema>;

export const iptablesRuleSchema = z.object({
  kind: z.literal('iptables-rule'),
  family,
  table: z.enum(['filter', 'raw']),
  chain: z.string(),
  /** as `iptables-save` prints it, the comment left out: `['-s', '10.89.4.0/24', '-j', 'ACCEPT']` */
  args: strings,
  /** a rule that drops has come before it: it must be put first again */
  late: z.literal(true).exactOptional(),
});
