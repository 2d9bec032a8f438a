import * as z from 'zod';
import { family } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Our route. */
export type Route = Plain<typeof routeSchema>;

export const routeSchema = z.object({
  kind: z.literal('route'),
  family,
  table: z.number(),
  /** `default` or a subnet */
  destination: z.string(),
  metric: z.number(),
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('unreachable') }),
    z.object({
      kind: z.literal('unicast'),
      via: z.string().exactOptional(),
      device: z.string().exactOptional(),
    }),
  ]),
});
