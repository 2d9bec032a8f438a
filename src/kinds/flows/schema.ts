import * as z from 'zod';
import type { Plain } from '../plain.ts';

/** Flows that an address of one subnet began, to whatever destination or to those of another. */
export type Flows = Plain<typeof flowsSchema>;

export const flowsSchema = z.object({
  from: z.string(),
  to: z.string().exactOptional(),
  /** others began them, and it answers */
  called: z.literal(true).exactOptional(),
});
