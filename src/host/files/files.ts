/** Reads and writes files of the real file system. */
import { constants, readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileStat, Files, ReadOptions } from '../ports.ts';
import { writeError } from './write-error.ts';

export function createFiles(): Files {
  return {
    read,
    stat: statOf,
    list,
    replace: withWriteError(replace),
    append: withWriteError(append),
    overwrite: withWriteError(overwrite),
    remove: withWriteError(remove),
  };
}

function withWriteError<Rest extends readonly unknown[]>(
  write: (path: string, ...rest: Rest) => Promise<void>,
) {
  return (path: string, ...rest: Rest): Promise<void> =>
    write(path, ...rest).catch((error: unknown) => {
      throw writeError(path, error);
    });
}

async function read(path: string, { follow = true }: ReadOptions = {}): Promise<string | undefined> {
  const flag = follow ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NOFOLLOW;
  return orWhenMissing(
    isSetting(path) ? readNow(path) : readFile(path, { encoding: 'utf8', flag }),
    undefined,
  );
}

/** The kernel's settings are read at once, a hundred for each look at a host: as promises they take ten times as long. */
function isSetting(path: string): boolean {
  return path.startsWith('/proc/sys/');
}

function readNow(path: string): Promise<string> {
  return new Promise((resolve) => resolve(readFileSync(path, 'utf8')));
}

async function statOf(path: string): Promise<FileStat | undefined> {
  const found = await orWhenMissing(stat(path), undefined);
  return found && { uid: found.uid, mode: found.mode & 0o7777, isFile: found.isFile() };
}

async function list(path: string): Promise<readonly string[]> {
  return orWhenMissing(readdir(path), []);
}

async function replace(path: string, content: string, mode = 0o600): Promise<void> {
  const folder = dirname(path);
  // A new folder gets the permissions of the file.
  await mkdir(folder, { recursive: true, mode: mode | ((mode & 0o444) >> 2) });
  const temporary = temporaryPath(path);
  const before = await orWhenMissing(stat(path), undefined);
  try {
    await writeSynced(temporary, content, constants.O_TRUNC);
    if (before) await chown(temporary, before.uid, before.gid);
    await chmod(temporary, before ? before.mode & 0o7777 : mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Path of the temporary file that replaces `path`. The leading dot keeps engines, which read every *.conflist of a
 * folder, from reading it half written. A fixed name is enough: the lock admits one writer, and the next one overwrites
 * what a killed one left.
 */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.mustredirect`);
}

/** @param flag O_TRUNC or O_APPEND */
async function writeSynced(path: string, content: string, flag: number): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | flag, 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename survive a power failure. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function append(path: string, content: string): Promise<void> {
  await writeSynced(path, content, constants.O_APPEND);
}

async function overwrite(path: string, content: string): Promise<void> {
  await writeFile(path, content, { flag: 'r+' });
}

async function remove(path: string): Promise<void> {
  const found = await orWhenMissing(stat(path), undefined);
  if (!found) return;
  await (found.isDirectory() ? rmdir(path) : rm(path));
}

async function orWhenMissing<T, U>(promise: Promise<T>, fallback: U): Promise<T | U> {
  try {
    return await promise;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return fallback;
    throw error;
  }
}
