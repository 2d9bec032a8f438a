import * as z from 'zod';
import { family } from '../fields.ts';
import type { Plain } from '../plain.ts';

/**
 * An `ip rule` of ours. `prohibit` and `unreachable` answer with an ICMP error, `blackhole` drops silently, `goto` skips to another
 * preference, `suppress` takes routes of this prefix length and shorter for none.
 */
export type Rule = Plain<typeof ruleSchema>;

export const ruleSchema = z.object({
  kind: z.literal('rule'),
  family,
  preference: z.number(),
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
  fwmark: z.object({ value: z.number(), mask: z.number() }).exactOptional(),
  /** the device that a packet came in by; `lo`: it began here */
  device: z.string().exactOptional(),
  /** number of the protocol */
  protocol: z.number().exactOptional(),
  /** first and last destination port */
  ports: z.tuple([z.number(), z.number()]).exactOptional(),
  action: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('lookup'), table: z.number(), suppress: z.number().exactOptional() }),
    z.object({ kind: z.literal('goto'), preference: z.number() }),
    z.object({ kind: z.literal('blackhole') }),
    z.object({ kind: z.literal('prohibit') }),
    z.object({ kind: z.literal('unreachable') }),
    z.object({ kind: z.literal('nop') }),
  ]),
});
