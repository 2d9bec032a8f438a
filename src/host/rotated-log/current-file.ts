/** The file of a log that is written: lines are appended, whole or not at all. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { currentName, partName } from './names.ts';

export interface CurrentFile {
  readonly handle: FileHandle;
  readonly path: string;
  /** bytes */
  size: number;
  /** when it was begun: milliseconds since 1970 */
  readonly since: number;
}

/** @param now milliseconds since 1970 */
async function openCurrent(folder: string, now: number): Promise<CurrentFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, currentName);
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await open(path, flags, 0o600);
  try {
    const { size, birthtimeMs } = await handle.stat();
    const file = { handle, path, size, since: size === 0 ? now : birthtimeMs };
    await endLine(file);
    return file;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The same file while it is in its place; another one when somebody has removed it. */
export async function keepCurrent(
  file: CurrentFile | undefined,
  folder: string,
  now: number,
): Promise<CurrentFile> {
  if (!file) return openCurrent(folder, now);
  const [own, found] = await Promise.all([file.handle.stat(), stat(file.path).catch(() => undefined)]);
  if (found?.ino === own.ino && found.dev === own.dev) return file;
  await file.handle.close();
  return openCurrent(folder, now);
}

/** A machine that lost power leaves half a line: nothing may be appended to it. */
async function endLine(file: CurrentFile): Promise<void> {
  if (file.size === 0) return;
  const last = Buffer.alloc(1);
  await file.handle.read(last, 0, 1, file.size - 1);
  if (last.toString() !== '\n') await appendWhole(file, '\n');
}

/** Throws when the text cannot be written, and then leaves nothing of it. */
export async function appendWhole(file: CurrentFile, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  try {
    await file.handle.appendFile(bytes);
  } catch (error) {
    await file.handle.truncate(file.size).catch(() => {});
    throw error;
  }
  file.size += bytes.length;
}

/**
 * Makes it an earlier part of the log, named after the present time; the caller opens another one.
 *
 * @param now milliseconds since 1970
 */
export async function endPart({ handle, path }: CurrentFile, folder: string, now: number): Promise<void> {
  let end = now;
  const isTaken = async (name: string): Promise<boolean> =>
    (await stat(join(folder, name)).catch(() => undefined)) !== undefined;
  while ((await isTaken(partName(end))) || (await isTaken(`${partName(end)}.gz`))) end += 1;
  await rename(path, join(folder, partName(end)));
  await handle.close();
}
