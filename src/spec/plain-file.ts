/** Checks a whole file by its schema. Networks are checked once each: an edited file has most of them again. */
import type { z } from 'zod';
import { fileSchema, networksSchema } from './schema.ts';

type File = z.output<typeof fileSchema>;
type Networks = File['networks'];

/** A network as it was read -> the same with defaults. */
const checked = new WeakMap<object, Networks[string]>();

/** @returns undefined when the file is wrong */
export function plainFile(read: unknown): File | undefined {
  if (!isMap(read) || !isMap(read['networks'])) return fileSchema.safeParse(read).data;
  const { networks, ...others } = read;
  const { data: rest } = fileSchema.safeParse({ ...others, networks: {} });
  const entries = rest && checkedNetworks(networks);
  return entries && { ...rest, networks: entries };
}

function checkedNetworks(networks: Readonly<Record<string, unknown>>): Networks | undefined {
  const entries = Object.entries(networks);
  // What was read before is the same object, under the same name.
  const added = entries.filter(([, network]) => !isMap(network) || !checked.has(network));
  const { data } = networksSchema.safeParse(Object.fromEntries(added));
  if (!data) return undefined;
  for (const [name, network] of added) {
    const found = data[name];
    if (isMap(network) && found) checked.set(network, found);
  }
  const known = entries.map(([name, network]) => [name, isMap(network) ? checked.get(network) : undefined]);
  return Object.fromEntries(known) as Networks;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
