/** Reads lines of a log, earlier parts first, without holding more than a piece of it in memory. */
import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { currentName, endOfPart, isPacked, packedName } from './names.ts';

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
  if (isPacked(name)) {
    const file = createReadStream(path);
    const unpacked = createGunzip();
    file.once('error', (error) => unpacked.destroy(error));
    return readStream(path, file.pipe(unpacked), reading);
  }
  // It may be packed by now.
  const exists = await open(path).then(
    (handle) => handle.close().then(() => true),
    () => false,
  );
  if (exists) return readStream(path, createReadStream(path), reading);
  return readPart(folder, packedName(name), reading);
}

async function readStream(path: string, stream: Readable, reading: Reading): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  try {
    for await (const piece of stream as AsyncIterable<string>) {
      const text = rest + piece;
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      const whole = text.slice(0, end);
      if (reading.mayHave(whole)) whole.split('\n').forEach((line) => line === '' || reading.onLine(line));
    }
  } catch (error) {
    // Removed meanwhile since it was too old.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    reading.onDamage(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
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
