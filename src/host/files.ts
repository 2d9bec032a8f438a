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
import type { Files } from './ports.ts';

export function createFiles(): Files {
  return { read, list, replace, overwrite, remove };
}

async function read(path: string): Promise<string | undefined> {
  return orWhenMissing(readFile(path, 'utf8'), undefined);
}

async function list(path: string): Promise<readonly string[]> {
  return orWhenMissing(readdir(path), []);
}

async function replace(path: string, content: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // A dot keeps engines that read every *.conflist of the folder from taking the half-written file.
  // One name: the lock admits one writer, and what a killed one left is written over by the next.
  const beside = join(folder, `.${basename(path)}.mustredirect`);
  const before = await orWhenMissing(stat(path), undefined);
  const file = await open(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    if (before) {
      await chown(beside, before.uid, before.gid);
      await chmod(beside, before.mode & 0o7777);
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(folder);
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
