/** Text form of our objects in the journal, which can be compared and decoded. */
import * as z from 'zod';
import { type HostObject, objectKindOf } from '../kinds/index.ts';

const named = z.looseObject({ kind: z.string() });

/** @param text text from `objectText` */
export function parseOwned(text: string): HostObject {
  const value = named.parse(JSON.parse(text));
  return objectKindOf(value).schema.parse(value);
}
