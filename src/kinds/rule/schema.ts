import * as z from 'zod';
import { family } from '../fields.ts';
import type { Plain } from '../plain.ts';

/**
 * Our `ip rule`. `prohibit` and `unreachable` answer with an ICMP error, `blackhole` drops silently, `goto` jumps to
 * another preference, `suppress` ignores routes with this prefix length or a shorter one.
 */
export type Rule = Plain<typeof ruleSchema>;

export const ruleSchema = z.object({
  kind: z.literal('rule'),
  family,
  preference: z.number(),
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
  fwmark: z.object({ value: z.number(), mask: z.number() }).exactOptional(),
  /** device by which a packet came in; `lo` for packets from this host */
  device: z.string().exactOptional(),
  /** protocol number */
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
