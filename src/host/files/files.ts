/** Reads and writes files for real. */
import { constants } from 'node:fs';
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
import type { Files, ReadOptions } from '../ports.ts';
import { writeError } from './write-error.ts';

export function createFiles(): Files {
  return {
    read,
    list,
    replace: explained(replace),
    append: explained(append),
    overwrite: explained(overwrite),
    remove: explained(remove),
  };
}

function explained<Rest extends readonly unknown[]>(write: (path: string, ...rest: Rest) => Promise<void>) {
  return (path: string, ...rest: Rest): Promise<void> =>
    write(path, ...rest).catch((error: unknown) => {
      throw writeError(path, error);
    });
}

async function read(path: string, { follow = true }: ReadOptions = {}): Promise<string | undefined> {
  const flag = follow ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NOFOLLOW;
  return orWhenMissing(readFile(path, { encoding: 'utf8', flag }), undefined);
}

async function list(path: string): Promise<readonly string[]> {
  return orWhenMissing(readdir(path), []);
}

async function replace(path: string, content: string, mode = 0o600): Promise<void> {
  const folder = dirname(path);
  // A folder that is new is as private as the file.
  await mkdir(folder, { recursive: true, mode: mode | ((mode & 0o444) >> 2) });
  const beside = besideOf(path);
  const before = await orWhenMissing(stat(path), undefined);
  try {
    await writeWhole(beside, content);
    if (before) await chown(beside, before.uid, before.gid);
    await chmod(beside, before ? before.mode & 0o7777 : mode);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Where a file is written before it takes the place of `path`. A dot keeps engines that read every *.conflist
 * of the folder from taking the half-written file. One name: the lock admits one writer, and what a killed
 * one left is written over by the next.
 */
export function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.mustredirect`);
}

async function writeWhole(path: string, content: string): Promise<void> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The rename itself must survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function append(path: string, content: string): Promise<void> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
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
