import * as z from 'zod';
import { family, strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/**
 * Our rule in a foreign chain: a packet dropped there is not rescued by an accept in our own table. The rule is the
 * first of its chain, and has a comment that identifies it.
 */
export type IptablesRule = Plain<typeof iptablesRuleSchema>;

export const iptablesRuleSchema = z.object({
  kind: z.literal('iptables-rule'),
  family,
  table: z.enum(['filter', 'raw']),
  chain: z.string(),
  /** arguments as `iptables-save` prints them, without the comment: `['-s', '10.89.4.0/24', '-j', 'ACCEPT']` */
  args: strings,
  /** a drop rule precedes it: it must be inserted first again */
  late: z.literal(true).exactOptional(),
});
