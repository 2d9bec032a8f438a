/** What all files of our state folder share. */
import { dirname } from 'node:path';
import type { Files } from './ports.ts';

/** A new one at each start of the machine. */
export async function bootId(files: Files): Promise<string> {
  return ((await files.read('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

/** The folder is ours too, but another network namespace may have its state in it. */
export async function removeState(files: Files, path: string): Promise<void> {
  await files.remove(path);
  await files.remove(dirname(path)).catch(() => {});
}
