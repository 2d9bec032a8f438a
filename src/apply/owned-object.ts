/** An object of ours as the journal keeps it: a text that can be compared, and read again. */
import * as z from 'zod';
import { type HostObject, objectKindOf } from '../kinds/index.ts';

const named = z.looseObject({ kind: z.string() });

/** @param text made by `objectText` */
export function parseOwned(text: string): HostObject {
  const value = named.parse(JSON.parse(text));
  return objectKindOf(value).schema.parse(value);
}
