/** A run that waits to be confirmed: somebody keeps it, or it is undone when its time is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import { readHistory } from '../history.ts';
import { type Journal, readJournal, removeJournal } from '../journal.ts';
import { messageOf } from '../undo.ts';
import type { Caller } from './caller.ts';
import { isOverdue, undoJournal } from './earlier-run.ts';
import type { HostContext } from './host-context.ts';
import { withLock } from './lock-host.ts';

/**
 * @param wait seconds to wait for another run to end
 * @returns the run that is kept
 */
export async function confirmRun(caller: Caller, context: HostContext, wait: number): Promise<Journal> {
  const { host, places } = context;
  return withLock(caller, context, { verb: 'confirm', wait }, async () => {
    const journal = await readJournal(host.files, places.journal);
    if (journal?.until === undefined || isOverdue(journal)) throw await nothingToConfirm(context);
    await removeJournal(host.files, places.journal);
    return journal;
  });
}

async function nothingToConfirm({ host, places }: HostContext): Promise<MustredirectError> {
  const last = (await readHistory(host.files, places.history)).entries.at(-1);
  const undone = last?.verb === 'rollback' ? `; the last apply was undone at ${last.time}` : '';
  return new MustredirectError('failed', `nothing waits to be confirmed${undone}`, {
    hint: '`mustredirect history` shows what was applied and undone, and when',
  });
}

export interface WatchOptions {
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

/**
 * Undoes a run when its time is over and nobody has confirmed it, also one that was cut off.
 *
 * By two clocks: that of the wall knows of the time that the machine was asleep, and is what `confirm` goes by; the
 * other one is not set back. Whichever comes first.
 */
export async function watchRun(
  caller: Caller,
  context: HostContext,
  { run, seconds }: WatchOptions,
): Promise<void> {
  let deadline = performance.now() + seconds * 1000;
  let waits = false;
  let tries = 0;
  for (;;) {
    const journal = await readRun(context, run);
    if (!journal) return;
    if (!waits && journal.until !== undefined) {
      // Its time begins when its last step is done.
      waits = true;
      deadline = performance.now() + seconds * 1000;
    }
    const left = isOverdue(journal) ? 0 : deadline - performance.now();
    if (left > 0) await sleep(Math.min(pace, left));
    else if (await undoOverdue(caller, context, run, waits)) {
      tries += 1;
      if (tries === mostTries || caller.interrupt.aborted) return;
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
  caller: Caller,
  context: HostContext,
  run: string,
  waits: boolean,
): Promise<boolean> {
  return withLock(caller, context, { verb: 'undo of what was not confirmed', wait: patience }, async () => {
    const journal = await readRun(context, run);
    if (!journal || (journal.until !== undefined && !waits)) return false;
    try {
      await undoJournal(caller, context, journal);
      return false;
    } catch (error) {
      caller.tell(messageOf(error), 'error');
      return true;
    }
  });
}
