/** Common code of all files in the state folder. */
import { dirname } from 'node:path';
import { temporaryPath } from './files.ts';
import type { Places } from './places.ts';
import type { Files } from '../ports.ts';

/** The boot id changes at each boot. */
export async function bootId(files: Files): Promise<string> {
  return ((await files.read('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

/** Removes the file, and the folder if empty: another network namespace may have its state in it. */
export async function removeState(files: Files, path: string): Promise<void> {
  await files.remove(path);
  await files.remove(dirname(path)).catch(() => {});
}

/** Removes temporary files of a run that was killed while it replaced a state file. */
export async function removeLeftovers(
  files: Files,
  { ledger, journal, history, drained }: Places,
): Promise<void> {
  for (const path of [ledger, journal, history, drained]) await files.remove(temporaryPath(path));
}
