/** What an earlier run has left behind: one that was cut off, or one that nobody has confirmed in time. */
import { newEntry, readHistory, recordRollback, wasApplied, wasRecorded } from '../../apply/history.ts';
import { type Journal, readJournal, removeJournal } from '../../apply/journal.ts';
import { openLedger } from '../../apply/ledger-keeper.ts';
import { messageOf, undoRun } from '../../apply/undo.ts';
import { MustredirectError } from '../../error.ts';
import { isLocked } from '../../host/files/lock.ts';
import { withLock } from './lock-host.ts';
import type { HostContext } from './session.ts';
import type { Terminal } from '../terminal/terminal.ts';

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
export async function openRunText(ground: HostContext): Promise<string | undefined> {
  const { host, places } = ground;
  const journal = await readOpenRun(ground);
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
export async function settleEarlierRun(terminal: Terminal, ground: HostContext, wait: number): Promise<void> {
  const journal = await readJournal(ground.host.files, ground.places.journal);
  if (!journal || (journal.until === undefined && !isUnconfirmedSinceBoot(journal))) return;
  if (!isOverdue(journal)) throw waitsError(journal);
  await withLock(terminal, ground, { verb: 'undo', wait }, async () => {
    const now = await readJournal(ground.host.files, ground.places.journal);
    if (!now || now.run !== journal.run || !isOverdue(now)) return;
    await undoJournal(terminal, ground, now).catch((error: unknown) => {
      terminal.tell(messageOf(error), 'note');
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
export function watchWork(terminal: Terminal): void {
  terminal.watchInterrupts('stopping: please wait, this host is not left between two states');
}

/** Undoes all that the journal tells of, and says so. To be called with the lock held. */
export async function undoJournal(terminal: Terminal, ground: HostContext, journal: Journal): Promise<void> {
  const { host, engines, places, progress, pause } = ground;
  watchWork(terminal);
  const keeper = await openLedger(host.files, places.ledger);
  const left = await undoRun(journal, { host, engines, keeper, progress, pause });
  await writeDown(terminal, ground, journal);
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
  terminal.tell(`${earlierRunText(journal)}; everything is as it was before it`, 'undone');
}

/** Only one that had been written down as applied is written down as undone. */
async function writeDown(terminal: Terminal, { host, places }: HostContext, { run }: Journal): Promise<void> {
  if (!wasApplied(await readHistory(host.files, places.history), run)) return;
  await recordRollback(host.files, places.history, newEntry(run, terminal.user));
}
