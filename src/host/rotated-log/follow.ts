/** Follows a log: calls back with lines that are appended from now on, also when another part begins. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { markHandled } from '../../error.ts';
import { createLineSplitter } from '../process/lines.ts';
import { currentName } from './names.ts';

export interface FollowPorts {
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly onLine: (line: string) => void;
}

/** milliseconds between two looks: a line is written within 100 ms */
const lookEvery = 200;
/** Bytes before the present end that are read, too: a caller who reads the log as well loses no line between the two. */
const overlap = 256 * 1024;

interface Followed {
  readonly handle: FileHandle;
  position: number;
  readonly take: (bytes: Buffer) => void;
}

/**
 * Resolves after the first look; the rest goes on until the signal is aborted. A log that is not there yet is waited for.
 *
 * @returns `ended` resolves when no more lines come
 */
export async function followLog(
  folder: string,
  { sleep, onLine }: FollowPorts,
  end: AbortSignal,
): Promise<{ readonly ended: Promise<void> }> {
  const path = join(folder, currentName);
  let file = await openAt(path, onLine, overlap);
  const look = async (): Promise<void> => {
    if (file && !(await isCurrent(file.handle, path))) {
      // What was written before another part began.
      await readOn(file);
      await file.handle.close();
      file = undefined;
    }
    file ??= await openAt(path, onLine, Infinity);
    if (file) await readOn(file);
  };
  const run = async (): Promise<void> => {
    while (!end.aborted) {
      await look();
      await sleep(lookEvery, end);
    }
    await file?.handle.close();
  };
  return { ended: markHandled(run()) };
}

/** Undefined when there is no such file. @param bytes read from that many before the end */
async function openAt(
  path: string,
  onLine: (line: string) => void,
  bytes: number,
): Promise<Followed | undefined> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return undefined;
  const { size } = await handle.stat();
  const position = Math.max(0, size - bytes);
  const linesOf = createLineSplitter();
  const decoder = new TextDecoder();
  // Half a line comes first when it is not read from the begin.
  let skips = position > 0;
  const take = (chunk: Buffer): void => {
    for (const line of linesOf(decoder.decode(chunk, { stream: true }))) {
      if (!skips && line !== '') onLine(line);
      skips = false;
    }
  };
  return { handle, position, take };
}

async function isCurrent(handle: FileHandle, path: string): Promise<boolean> {
  const [own, found] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
  return found?.ino === own.ino && found.dev === own.dev;
}

async function readOn(file: Followed): Promise<void> {
  const buffer = Buffer.alloc(64 * 1024);
  for (;;) {
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, file.position);
    if (bytesRead === 0) return;
    file.position += bytesRead;
    file.take(buffer.subarray(0, bytesRead));
  }
}
