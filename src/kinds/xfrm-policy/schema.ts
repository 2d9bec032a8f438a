import * as z from 'zod';
import { family } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** An xfrm policy of ours about what is forwarded from a subnet: with a mark bit it may pass, all else is blocked. */
export type XfrmPolicy = Plain<typeof xfrmPolicySchema>;

export const xfrmPolicySchema = z.object({
  kind: z.literal('xfrm-policy'),
  family,
  from: z.string(),
  /** the mark bit that lets a packet pass; absent in the policy that blocks all else */
  bit: z.number().exactOptional(),
});
