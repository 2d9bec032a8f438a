/** Answers of `ip -j`. */
import type * as z from 'zod';
import { MustredirectError } from '../error.ts';
import { runOrFail } from './exec.ts';
import type { Exec } from './ports.ts';

export async function readJson<T>(exec: Exec, argv: readonly string[], schema: z.ZodType<T>): Promise<T> {
  return decodeJson(argv, await runOrFail(exec, argv), schema);
}

export function decodeJson<T>(argv: readonly string[], text: string, schema: z.ZodType<T>): T {
  try {
    // An empty list is printed as nothing by some versions.
    return schema.parse(JSON.parse(text.trim() === '' ? '[]' : text));
  } catch (cause) {
    throw new MustredirectError('failed', `${argv.join(' ')}: its answer is not understood`, {
      hint: 'iproute2 5.10 or later is needed: `ip -V`',
      cause,
    });
  }
}
