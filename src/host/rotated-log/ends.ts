/** The first and the last lines of a log. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { currentName, endOfPart } from './names.ts';
import { linesOf, streamOf } from './streams.ts';

/** What is found first in a line of the log, the oldest part first; undefined: in none that can be read. */
export async function findFirst<T>(
  folder: string,
  find: (line: string) => T | undefined,
): Promise<T | undefined> {
  for (const name of [...(await partNames(folder)), currentName]) {
    const found = await findInFile(join(folder, name), find);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function findInFile<T>(path: string, find: (line: string) => T | undefined): Promise<T | undefined> {
  try {
    for await (const text of linesOf(streamOf(path)))
      for (const line of text.split('\n')) {
        const found = line === '' ? undefined : find(line);
        if (found !== undefined) return found;
      }
  } catch {
    // Damaged, or removed meanwhile: the next one has what can be known.
  }
  return undefined;
}

/** When the last earlier part ended: milliseconds since 1970; undefined: there is none. */
export async function endOfLastPart(folder: string): Promise<number | undefined> {
  const ends = (await partNames(folder)).flatMap((name) => endOfPart(name) ?? []);
  return ends.at(-1);
}

/** Earlier parts, the oldest one first. */
async function partNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => endOfPart(name) !== undefined).sort();
}

/** Last lines of the part that is written, at most some kilobytes; empty when there is none. */
export async function lastLines(folder: string): Promise<readonly string[]> {
  const handle = await open(join(folder, currentName)).catch(() => undefined);
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, tail);
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, size - length);
    const lines = bytes.toString().split('\n');
    return lines.slice(length < size ? 1 : 0, -1);
  } finally {
    await handle.close();
  }
}

/** bytes */
const tail = 256 * 1024;
