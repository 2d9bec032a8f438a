import { setTimeout as sleep } from 'node:timers/promises';
import { readJournal } from '../../apply/journal.ts';
import { undoJournal } from '../earlier-run.ts';
import { withLock } from '../lock-host.ts';
import { type Ground, openGround } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface WatchOptions {
  readonly run: string;
  readonly seconds: number;
}

/** milliseconds between two looks whether somebody has confirmed */
const pace = 500;
/** seconds: a run that holds the lock comes to its end, or dies */
const patience = 3600;

/** Undoes a run when its time is over and nobody has confirmed it, also one that was cut off. */
export async function watchConfirm(terminal: Terminal, { run, seconds }: WatchOptions): Promise<void> {
  const ground = await openGround(terminal, {});
  let deadline = performance.now() + seconds * 1000;
  while (await isOpen(ground, run)) {
    const left = deadline - performance.now();
    if (left > 0) await sleep(Math.min(pace, left));
    else deadline = performance.now() + (await undoOverdue(terminal, ground, run));
  }
}

async function isOpen({ host, places }: Ground, run: string): Promise<boolean> {
  return (await readJournal(host.files, places.journal))?.run === run;
}

/** @returns milliseconds that it still has: its time began when its last step was done */
async function undoOverdue(terminal: Terminal, ground: Ground, run: string): Promise<number> {
  const { host, places } = ground;
  return withLock(terminal, ground, { verb: 'undo of what was not confirmed', wait: patience }, async () => {
    const journal = await readJournal(host.files, places.journal);
    if (journal?.run !== run) return 0;
    const left = journal.until === undefined ? 0 : Date.parse(journal.until) - Date.now();
    if (left > 0) return left;
    await undoJournal(terminal, ground, journal);
    return 0;
  });
}
