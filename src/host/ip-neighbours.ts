/** Reads who is a neighbour of a host, and what its link-layer address is. */
import * as z from 'zod';
import { readJson } from './ip-json.ts';
import type { Exec } from './ports.ts';

const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().optional(),
  state: z.array(z.string()),
});
export type Neighbour = z.infer<typeof neighbourSchema>;

export async function readNeighbours(exec: Exec): Promise<Neighbour[]> {
  return readJson(exec, ['ip', '-j', '-4', 'neigh', 'show'], z.array(neighbourSchema));
}
