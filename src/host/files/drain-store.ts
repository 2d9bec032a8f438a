/** Keeps the members that an operator has taken out of use, also over a restart of the machine. */
import * as z from 'zod';
import type { Files } from '../ports.ts';

const drainedMember = z.object({
  host: z.string(),
  /** ISO 8601 */
  since: z.string(),
  user: z.string(),
});

const fileSchema = z.object({ version: z.literal(1), drained: z.array(drainedMember) });

export type DrainedMember = z.infer<typeof drainedMember>;

/** None if the file is missing, or not one of this version. */
export async function readDrained(
  files: Pick<Files, 'read'>,
  path: string,
): Promise<readonly DrainedMember[]> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return [];
  try {
    return fileSchema.parse(JSON.parse(text)).drained;
  } catch {
    return [];
  }
}

/** Removes the file when no member is drained. */
export async function writeDrained(
  files: Pick<Files, 'replace' | 'remove'>,
  path: string,
  drained: readonly DrainedMember[],
): Promise<void> {
  if (drained.length === 0) return files.remove(path);
  await files.replace(path, `${JSON.stringify({ version: 1, drained }, null, 2)}\n`);
}
