/** What an earlier run has left behind: one that was cut off, or one that nobody has confirmed in time. */
import { MustredirectError } from '../../error.ts';
import { isLocked } from '../../host/files/lock.ts';
import { newEntry, readHistory, recordRollback, wasApplied, wasRecorded } from '../history.ts';
import { type Journal, readJournal, removeJournal } from '../journal.ts';
import { openLedger } from '../ledger-keeper.ts';
import { messageOf, undoRun } from '../undo.ts';
import type { Caller } from './caller.ts';
import type { HostContext } from './host-context.ts';
import { withLock } from './lock-host.ts';

/**
 * Nothing when no run was cut off, and none waits to be confirmed. One that has been written down was at its end:
 * all that it had still to do was to remove its journal.
 */
export async function readOpenRun({ host, places }: HostContext): Promise<Journal | undefined> {
  const journal = await readJournal(host.files, places.journal);
  if (!journal || journal.until !== undefined) return journal;
  return wasRecorded(await readHistory(host.files, places.history), journal.run) ? undefined : journal;
}

/** The journal of a run that was killed at its very end. To be called with the lock held, when no run is open. */
export async function removeEndedRun({ host, places }: HostContext): Promise<void> {
  if ((await host.files.read(places.journal)) !== undefined) await removeJournal(host.files, places.journal);
}

/** What `status` and others say of a run that is not at its end; nothing when there is none. */
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
  const { verb, process, since, begun, until } = journal;
  const what = `${verb} (process ${process}, since ${since})`;
  if (until !== undefined && isOverdue(journal)) return `${what} was not confirmed in time`;
  if (until !== undefined) return `${what} waits to be confirmed until ${until}`;
  return `${what} was cut off after ${begun.length} ${begun.length === 1 ? 'step' : 'steps'}`;
}

/**
 * A run that nobody has confirmed is undone when its time is over, or the machine was restarted meanwhile. One
 * that still can be confirmed must be decided on first. What cannot be undone is told, and is no dead end: the next
 * run carries on with it, as with one that was cut off.
 */
export async function settleEarlierRun(caller: Caller, context: HostContext, wait: number): Promise<void> {
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
  if (isUnconfirmedSinceBoot(journal)) return true;
  return journal.until !== undefined && Date.now() >= Date.parse(journal.until);
}

function isUnconfirmedSinceBoot({ confirm, sameBoot }: Journal): boolean {
  return confirm !== undefined && !sameBoot;
}

/** From now on this host is not left between two states: whoever presses Ctrl-C is told, and so is who does it again. */
export function watchWork(caller: Caller): void {
  caller.watchInterrupts('stopping: please wait, this host is not left between two states');
}

/**
 * @param run the run that somebody wants undone, as `readOpenRun` has found it
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
    if (journal?.run !== run) throw decidedMeanwhile();
    await undoJournal(caller, context, journal);
  });
}

export function decidedMeanwhile(): MustredirectError {
  return new MustredirectError('failed', 'somebody else has applied, or undone, something meanwhile', {
    hint: '`mustredirect history` shows what happened; run it again when it is still to be undone',
  });
}

/** Undoes all that the journal tells of, and says so. To be called with the lock held. */
export async function undoJournal(caller: Caller, context: HostContext, journal: Journal): Promise<void> {
  const { host, engines, places, progress, pause } = context;
  watchWork(caller);
  const keeper = await openLedger(host.files, places.ledger);
  const left = await undoRun(journal, { host, engines, keeper, progress, pause });
  await writeDown(caller, context, journal);
  if (left.length > 0) {
    throw new MustredirectError(
      'failed',
      `${earlierRunText(journal)}; not everything could be undone: ${left.join('; ')}`,
      {
        hint: 'run `mustredirect apply`, or `mustredirect destroy`',
      },
    );
  }
  await removeJournal(host.files, places.journal);
  caller.tell(`${earlierRunText(journal)}; everything is as it was before it`, 'undone');
}

/** Only one that had been written down as applied is written down as undone. */
async function writeDown(caller: Caller, { host, places }: HostContext, { run }: Journal): Promise<void> {
  if (!wasApplied(await readHistory(host.files, places.history), run)) return;
  await recordRollback(host.files, places.history, newEntry(run, caller.user));
}
