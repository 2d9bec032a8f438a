/** The file's schema for editors. */
import * as z from 'zod';
import { fileSchema } from './schema.ts';

/** JSON Schema (draft 2020-12) of what may be written: one address where a list of them is allowed too. */
export function specJsonSchema(): object {
  return z.toJSONSchema(fileSchema, {
    io: 'input',
    target: 'draft-2020-12',
    // zod leaves out the examples of values that it transforms, since it cannot know which side they are of.
    override: ({ zodSchema, jsonSchema }) => {
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
}
