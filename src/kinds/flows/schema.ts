import * as z from 'zod';
import { subnet } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Flows that an address of one subnet initiates, to any destination or to one of another subnet. */
export type Flows = Plain<typeof flowsSchema>;

export const flowsSchema = z.object({
  from: subnet,
  to: subnet.exactOptional(),
  /** the other end initiates the flows, to a published port, and `from` replies */
  inbound: z.literal(true).exactOptional(),
});

/** Flows that are named several times, once. */
export function uniqueFlows(flows: readonly Flows[]): Flows[] {
  return [...new Map(flows.map((one) => [flowsKey(one), one])).values()];
}

export function flowsKey({ from, to = '', inbound }: Flows): string {
  return `${from} ${to} ${inbound ? 'inbound' : ''}`;
}
