/** Reads lines of a log, earlier parts first, without holding more than a piece of it in memory. */
import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { currentName, endOfPart, isPacked, packedName } from './names.ts';
import { linesOf, streamOf } from './streams.ts';

export interface Reading {
  /** earlier parts that end before are left out: milliseconds since 1970 */
  readonly from: number;
  /** whether a piece of the log, some whole lines, may have a line that is looked for: parsing all would take longer */
  readonly mayHave: (text: string) => boolean;
  readonly onLine: (line: string) => void;
  /** a part that cannot be read, or only in part */
  readonly onDamage: (message: string) => void;
}

/** A part that ends while it is read may be read twice. A log that is not there has no lines. */
export async function readLog(folder: string, reading: Reading): Promise<void> {
  const current = createReadStream(join(folder, currentName));
  // Opened first: afterwards, its name may belong to another part.
  const opened = new Promise<boolean>((resolve) => {
    current.once('open', () => resolve(true));
    current.once('error', () => resolve(false));
  });
  const hasCurrent = await opened;
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const isWanted = (end: number | undefined): boolean => end !== undefined && end >= reading.from;
  const parts = names.filter((name) => isWanted(endOfPart(name))).sort();
  for (const name of parts) {
    // Packed, and a copy that is complete.
    if (!isPacked(name) && parts.includes(packedName(name))) continue;
    await readPart(folder, name, reading);
  }
  if (hasCurrent) await readStream(join(folder, currentName), current, reading);
}

async function readPart(folder: string, name: string, reading: Reading): Promise<void> {
  const path = join(folder, name);
  if (isPacked(name)) return readStream(path, streamOf(path), reading);
  // It may be packed by now.
  const exists = await open(path).then(
    (handle) => handle.close().then(() => true),
    () => false,
  );
  if (exists) return readStream(path, streamOf(path), reading);
  return readPart(folder, packedName(name), reading);
}

async function readStream(path: string, stream: Readable, reading: Reading): Promise<void> {
  try {
    for await (const lines of linesOf(stream))
      if (reading.mayHave(lines)) lines.split('\n').forEach((line) => line === '' || reading.onLine(line));
  } catch (error) {
    // Removed meanwhile since it was too old.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    reading.onDamage(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
