/**
 * Loaded into the program before anything else (`node --import`): ends it by SIGKILL at one boundary between its steps,
 * as a power cut would. KILL_AT=0: the journal is there and no step has begun. KILL_AT=N: step N is in the journal, on the
 * disk, and nothing of it is done. KILL_AT=done: all is done, and the history is about to be written, or to go.
 * KILL_AT=last: that is on the disk too, and the journal is about to go.
 *
 * Within the step of the routing daemon: KILL_AT=written: its configuration is on the disk, and BIRD has another, or does
 * not run. KILL_AT=told: BIRD has been started with it, or told to change. KILL_AT=ended: BIRD has ended, and its files
 * are about to go. KILL_AT=emptied: its folder is about to go.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const at = process.env.KILL_AT;
const { open, rename, rm, rmdir } = fs.promises;
let begun = 0;

function reach(boundary) {
  if (at === String(boundary)) process.kill(process.pid, 'SIGKILL');
}

fs.promises.open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest);
  if (!String(path).endsWith('.journal') || (flags & fs.constants.O_APPEND) === 0) return file;
  const sync = file.sync.bind(file);
  file.sync = async () => {
    await sync();
    begun += 1;
    reach(begun);
  };
  return file;
};
fs.promises.rename = async (from, to) => {
  if (String(to).endsWith('.history')) reach('done');
  await rename(from, to);
  if (String(to).endsWith('.journal')) reach(0);
  if (String(to).endsWith('/bird.conf')) reach('written');
};
fs.promises.rm = async (path, ...rest) => {
  if (String(path).endsWith('.history')) reach('done');
  if (String(path).endsWith('.journal')) reach('last');
  if (String(path).endsWith('/next.conf')) reach('told');
  if (String(path).endsWith('/bird.conf')) reach('ended');
  return rm(path, ...rest);
};
fs.promises.rmdir = async (path, ...rest) => {
  if (String(path).endsWith('.bird')) reach('emptied');
  return rmdir(path, ...rest);
};
syncBuiltinESMExports();
