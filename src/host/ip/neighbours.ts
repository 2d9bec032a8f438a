/** Reads the neighbours of a host and their link-layer addresses. */
import * as z from 'zod';
import { deviceName } from './device-name.ts';
import { address } from './fields.ts';
import { readJson } from './json.ts';
import { readRows } from './odd-names.ts';
import type { Exec } from '../ports.ts';

const neighbourSchema = z.object({
  dst: address,
  dev: deviceName,
  lladdr: z.string().optional(),
  state: z.array(z.string()),
});
export type Neighbour = z.infer<typeof neighbourSchema>;

export async function readNeighbours(exec: Exec): Promise<Neighbour[]> {
  const rows = z.unknown().transform((given) => readRows(given, neighbourSchema, () => false).rows);
  return readJson(exec, ['ip', '-j', 'neigh', 'show'], rows);
}
