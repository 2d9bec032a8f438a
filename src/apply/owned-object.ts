/** Decodes our objects in the journal. */
import * as z from 'zod';
import { type HostObject, objectKindOf } from '../kinds/index.ts';

const named = z.looseObject({ kind: z.string() });

/** @param text JSON */
export function parseOwned(text: string): HostObject {
  const value = named.parse(JSON.parse(text));
  return objectKindOf(value).schema.parse(value);
}
