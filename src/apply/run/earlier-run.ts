/** Earlier runs that are still open: interrupted, waiting for confirmation, or not confirmed in time. */
import { MustredirectError } from '../../error.ts';
import { isLocked } from '../../host/files/lock.ts';
import { newEntry, readHistory, recordRollback, wasApplied, wasRecorded } from '../history.ts';
import { type Journal, markUndoing, readJournal, removeJournal } from '../journal.ts';
import { openLedger } from '../ledger-keeper.ts';
import { messageOf, undoRun } from '../undo.ts';
import type { Caller } from './caller.ts';
import type { HostContext } from './host-context.ts';
import { withLock } from './lock-host.ts';

/**
 * Undefined when no run was interrupted and none waits for confirmation. A run in the history is complete, even if its
 * journal still exists: removing the journal is its last action.
 */
export async function readOpenRun({ host, places }: HostContext): Promise<Journal | undefined> {
  const journal = await readJournal(host.files, places.journal);
  if (!journal || journal.until !== undefined) return journal;
  return wasRecorded(await readHistory(host.files, places.history), journal.run) ? undefined : journal;
}

/** Removes the journal of a run that was killed after its history entry. Requires the lock, and that no run is open. */
export async function removeEndedRun({ host, places }: HostContext): Promise<void> {
  if ((await host.files.read(places.journal, { follow: false })) !== undefined)
    await removeJournal(host.files, places.journal);
}

/** Text about an open run, for `status` and other commands; undefined when no run is open. */
export async function openRunText(context: HostContext): Promise<string | undefined> {
  const { host, places } = context;
  const journal = await readOpenRun(context);
  if (!journal) return undefined;
  if (journal.until === undefined && (await isLocked(host, places.lock))) {
    return `${journal.verb} (process ${journal.process}, since ${journal.since}) is at work`;
  }
  return earlierRunText(journal);
}

export function earlierRunText(journal: Journal): string {
  const { verb, process, since, startedSteps, sameBoot, until, undoing } = journal;
  const what = `${verb} (process ${process}, since ${since})`;
  if (undoing) return `${what} is undone only in part`;
  if (until !== undefined && isOverdue(journal)) return `${what} was not confirmed in time`;
  if (until !== undefined) return `${what} waits to be confirmed until ${until}`;
  // A journal that is read after a restart has only the steps that outlive it.
  if (!sameBoot) return `${what} was cut off by a restart`;
  return `${what} was cut off after ${startedSteps.length} ${startedSteps.length === 1 ? 'step' : 'steps'}`;
}

/**
 * Undoes a run that was not confirmed in time or before a restart. Throws when the run can still be confirmed. An undo
 * that fails is reported only: the next run continues it like an interrupted run.
 */
export async function undoOverdueRun(caller: Caller, context: HostContext, wait: number): Promise<void> {
  const journal = await readJournal(context.host.files, context.places.journal);
  if (!journal || (journal.until === undefined && !isUnconfirmedSinceBoot(journal))) return;
  if (!isOverdue(journal)) throw waitsError(journal);
  await withLock(caller, context, { verb: 'undo', wait }, async () => {
    const now = await readJournal(context.host.files, context.places.journal);
    if (!now || now.run !== journal.run || !isOverdue(now)) return;
    await undoJournal(caller, context, now).catch((error: unknown) => {
      caller.tell(messageOf(error), 'note');
    });
  });
}

export function waitsError(journal: Journal): MustredirectError {
  return new MustredirectError('refused', earlierRunText(journal), {
    hint: '`mustredirect confirm` keeps what it did, `mustredirect rollback` undoes it',
  });
}

export function isOverdue(journal: Journal): boolean {
  if (journal.undoing || isUnconfirmedSinceBoot(journal)) return true;
  return journal.until !== undefined && Date.now() >= Date.parse(journal.until);
}

function isUnconfirmedSinceBoot({ confirm, sameBoot }: Journal): boolean {
  return confirm !== undefined && !sameBoot;
}

/** From now on, Ctrl-C prints a message, each time, and the host is not left between two states. */
export function watchInterrupts(caller: Caller): void {
  caller.watchInterrupts('stopping: please wait, this host is not left between two states');
}

/**
 * @param run id of the run to undo, from `readOpenRun`
 * @param wait seconds to wait for another run to end
 */
export async function undoOpenRun(
  caller: Caller,
  context: HostContext,
  run: string,
  wait: number,
): Promise<void> {
  await withLock(caller, context, { verb: 'rollback', wait }, async () => {
    const journal = await readOpenRun(context);
    if (journal?.run !== run) throw supersededError();
    await undoJournal(caller, context, journal);
  });
}

export function supersededError(): MustredirectError {
  return new MustredirectError('superseded', 'somebody else has applied, or undone, something meanwhile', {
    hint: '`mustredirect history` shows what happened; run it again when it is still to be undone',
  });
}

/** Undoes the steps in the journal, and reports it. Requires the lock. */
export async function undoJournal(caller: Caller, context: HostContext, journal: Journal): Promise<void> {
  const { host, places } = context;
  watchInterrupts(caller);
  const keeper = await openLedger(host.files, places.ledger);
  if (journal.until !== undefined && !journal.undoing) {
    // If the disk is full, the undo still runs.
    await markUndoing(host.files, places.journal).catch(() => {});
  }
  const left = await undoRun(journal, { ...context, keeper });
  await recordUndo(caller, context, journal);
  if (left.length > 0) {
    const message = `${earlierRunText(journal)}; not everything could be undone: ${left.join('; ')}`;
    throw new MustredirectError('failed', message, {
      hint: 'run `mustredirect apply`, or `mustredirect destroy`',
    });
  }
  await removeJournal(host.files, places.journal);
  caller.tell(`${earlierRunText(journal)}; everything is as it was before it`, 'undone');
}

/** Records the undo of a run, if its apply was recorded. */
async function recordUndo(caller: Caller, { host, places }: HostContext, { run }: Journal): Promise<void> {
  if (!wasApplied(await readHistory(host.files, places.history), run)) return;
  await recordRollback(host.files, places.history, newEntry(run, caller.user));
}
