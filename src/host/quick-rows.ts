/** Rows of an answer that may have ten thousands of them. */
import * as z from 'zod';

/**
 * A list of rows, each of which its schema takes; those that are told beforehand to come out of it as they went in do not go
 * through it. An error is that of the whole list.
 */
export function quickRows<T>(row: z.ZodType<T>, isAsItIs: (given: unknown) => given is T): z.ZodType<T[]> {
  const rows = z.array(row);
  return z.unknown().transform((given) => tryRows(given, row, isAsItIs) ?? rows.parse(given));
}

function tryRows<T>(
  given: unknown,
  row: z.ZodType<T>,
  isAsItIs: (given: unknown) => given is T,
): T[] | undefined {
  if (!Array.isArray(given)) return undefined;
  const read: T[] = [];
  for (const raw of given as unknown[]) {
    if (isAsItIs(raw)) {
      read.push(raw);
      continue;
    }
    const { success, data } = row.safeParse(raw);
    if (!success) return undefined;
    read.push(data);
  }
  return read;
}
