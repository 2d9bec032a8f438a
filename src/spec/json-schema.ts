/** JSON Schema of the file, for editors. */
import * as z from 'zod';
import { fileSchema } from './schema.ts';

/** JSON Schema (draft 2020-12) of the input: one address is allowed in place of a list. */
export function specJsonSchema(): object {
  return z.toJSONSchema(fileSchema, {
    io: 'input',
    target: 'draft-2020-12',
    // zod omits examples of transformed values, since they could be for input or output.
    override: ({ zodSchema, jsonSchema }) => {
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
}
