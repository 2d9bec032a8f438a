/** Common code of all files in the state folder. */
import { dirname } from 'node:path';
import { besideOf } from './files.ts';
import type { Places } from './places.ts';
import type { Files } from '../ports.ts';

/** A new one at each start of the machine. */
export async function bootId(files: Files): Promise<string> {
  return ((await files.read('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

/** The folder is ours too, but another network namespace may have its state in it. */
export async function removeState(files: Files, path: string): Promise<void> {
  await files.remove(path);
  await files.remove(dirname(path)).catch(() => {});
}

/** A run that was killed while it replaced a file of ours has left its beginning beside it. */
export async function removeLeftovers(files: Files, { ledger, journal, history }: Places): Promise<void> {
  for (const path of [ledger, journal, history]) await files.remove(besideOf(path));
}
