import * as z from 'zod';
import { family } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Our xfrm policy for packets forwarded from a subnet: packets with a mark bit pass, all others are blocked. */
export type XfrmPolicy = Plain<typeof xfrmPolicySchema>;

export const xfrmPolicySchema = z.object({
  kind: z.literal('xfrm-policy'),
  family,
  from: z.string(),
  /** mark bit that allows a packet; absent in the policy that blocks all others */
  bit: z.number().exactOptional(),
});
