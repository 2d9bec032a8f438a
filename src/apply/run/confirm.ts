/** A run that waits for confirmation: it is confirmed, or undone after its time. */
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
 * @returns the confirmed run
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

/** milliseconds between checks for a confirmation */
const pollInterval = 500;
/** milliseconds between attempts to undo: a link may be down, a disk full */
const retryInterval = 5_000;
/** attempts for one hour; then an administrator must act */
const maxAttempts = 720;
/** seconds to wait for a run that holds the lock */
const lockTimeout = 3600;

/**
 * Undoes a run that nobody has confirmed in time, even if it was interrupted.
 *
 * Two clocks decide, whichever is first: the wall clock, which `confirm` uses, includes suspended time; the monotonic
 * clock cannot be set back.
 */
export async function watchRun(
  caller: Caller,
  context: HostContext,
  { run, seconds }: WatchOptions,
): Promise<void> {
  let deadline = performance.now() + seconds * 1000;
  let waits = false;
  let attempts = 0;
  for (;;) {
    const journal = await readRun(context, run);
    if (!journal) return;
    if (!waits && journal.until !== undefined) {
      // The time begins when the last step is done.
      waits = true;
      deadline = performance.now() + seconds * 1000;
    }
    const left = isOverdue(journal) ? 0 : deadline - performance.now();
    if (left > 0) await sleep(Math.min(pollInterval, left));
    else if (await undoWatchedRun(caller, context, run, waits)) {
      attempts += 1;
      if (attempts === maxAttempts || caller.interrupt.aborted) return;
      await sleep(retryInterval);
    }
  }
}

async function readRun({ host, places }: HostContext, run: string): Promise<Journal | undefined> {
  const journal = await readJournal(host.files, places.journal);
  return journal?.run === run ? journal : undefined;
}

/**
 * @param waits whether the run was seen to wait: if it starts waiting while we wait for the lock, its time begins then
 * @returns whether undoing failed
 */
async function undoWatchedRun(
  caller: Caller,
  context: HostContext,
  run: string,
  waits: boolean,
): Promise<boolean> {
  return withLock(
    caller,
    context,
    { verb: 'undo of what was not confirmed', wait: lockTimeout },
    async () => {
      const journal = await readRun(context, run);
      if (!journal || (journal.until !== undefined && !waits)) return false;
      try {
        await undoJournal(caller, context, journal);
        return false;
      } catch (error) {
        caller.tell(messageOf(error), 'error');
        return true;
      }
    },
  );
}
