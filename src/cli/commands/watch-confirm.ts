import { setTimeout as sleep } from 'node:timers/promises';
import { type Journal, readJournal } from '../../apply/journal.ts';
import { messageOf } from '../../apply/undo.ts';
import { isOverdue, undoJournal } from '../session/earlier-run.ts';
import { withLock } from '../session/lock-host.ts';
import { type HostContext, openGround } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface WatchOptions {
  readonly run: string;
  readonly seconds: number;
}

/** milliseconds between two looks whether somebody has confirmed */
const pace = 500;
/** milliseconds before what could not be undone is tried again: a link may be down, a disk full */
const retryPace = 5_000;
/** one hour of that: then somebody has to look */
const mostTries = 720;
/** seconds: a run that holds the lock comes to its end, or dies */
const patience = 3600;

/** Undoes a run when its time is over and nobody has confirmed it, also one that was cut off. */
export async function watchConfirm(terminal: Terminal, options: WatchOptions): Promise<void> {
  await watchRun(terminal, await openGround(terminal, {}), options);
}

/**
 * By two clocks: that of the wall knows of the time that the machine was asleep, and is what `confirm` goes by; the
 * other one is not set back. Whichever comes first.
 */
export async function watchRun(
  terminal: Terminal,
  ground: HostContext,
  { run, seconds }: WatchOptions,
): Promise<void> {
  let deadline = performance.now() + seconds * 1000;
  let waits = false;
  let tries = 0;
  for (;;) {
    const journal = await readRun(ground, run);
    if (!journal) return;
    if (!waits && journal.until !== undefined) {
      // Its time begins when its last step is done.
      waits = true;
      deadline = performance.now() + seconds * 1000;
    }
    const left = isOverdue(journal) ? 0 : deadline - performance.now();
    if (left > 0) await sleep(Math.min(pace, left));
    else if (await undoOverdue(terminal, ground, run, waits)) {
      tries += 1;
      if (tries === mostTries || terminal.interrupt.aborted) return;
      await sleep(retryPace);
    }
  }
}

async function readRun({ host, places }: HostContext, run: string): Promise<Journal | undefined> {
  const journal = await readJournal(host.files, places.journal);
  return journal?.run === run ? journal : undefined;
}

/**
 * @param waits it was seen to wait: when it begins to only while we wait for the lock, its time begins as well
 * @returns whether it has failed
 */
async function undoOverdue(
  terminal: Terminal,
  ground: HostContext,
  run: string,
  waits: boolean,
): Promise<boolean> {
  return withLock(terminal, ground, { verb: 'undo of what was not confirmed', wait: patience }, async () => {
    const journal = await readRun(ground, run);
    if (!journal || (journal.until !== undefined && !waits)) return false;
    try {
      await undoJournal(terminal, ground, journal);
      return false;
    } catch (error) {
      terminal.tell(messageOf(error), 'error');
      return true;
    }
  });
}
