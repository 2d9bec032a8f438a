import { nobody } from '../../inspect/prepare.ts';
import {
  type Applied,
  type History,
  appliedBefore,
  appliedNow,
  newEntry,
  readHistory,
  recordRollback,
} from '../../apply/history.ts';
import { MustredirectError } from '../../error.ts';
import { type ChangeOptions, changeHost } from '../session/change-host.ts';
import { earlierRunText, openRunText, readOpenRun, undoJournal } from '../session/earlier-run.ts';
import { withLock } from '../session/lock-host.ts';
import { type HostContext, type GroundOptions, appliedSession, openGround } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

type RollbackOptions = GroundOptions & ChangeOptions;

export async function rollback(terminal: Terminal, options: RollbackOptions): Promise<void> {
  const ground = await openGround(terminal, options);
  if (await undoOpenRun(terminal, ground, options)) return;
  const { files } = ground.host;
  const history = await readHistory(files, ground.places.history);
  const before = appliedBefore(history);
  if (before === undefined) throw nothingToUndo();
  await changeHost(terminal, {
    ground,
    target: before === 'nothing' ? { ...ground, ...nobody } : appliedSession(terminal, ground, before).target,
    options,
    verb: 'rollback',
    check: () => checkSame(ground, history),
    title: `plan to go back to ${nameOf(before)}`,
    done: `done: this host is as it was with ${nameOf(before)}`,
    record: (run, { plan }) =>
      recordRollback(files, ground.places.history, newEntry(run, terminal.user, plan)),
  });
  tellOfFile(terminal, appliedNow(history));
}

/** A run that waits to be confirmed, or was cut off: its own inverse is the shortest way back. */
async function undoOpenRun(
  terminal: Terminal,
  ground: HostContext,
  options: RollbackOptions,
): Promise<boolean> {
  const found = await readOpenRun(ground);
  if (!found) return false;
  if (!options.yes) {
    if (!terminal.interactive || options.json) throw nobodyToAsk();
    if (!(await terminal.confirm(`${(await openRunText(ground)) ?? earlierRunText(found)}\nUndo it?`))) {
      terminal.tell('nothing was changed');
      terminal.setExitStatus(1);
      return true;
    }
  }
  return withLock(terminal, ground, { verb: 'rollback', wait: options.wait }, async () => {
    const journal = await readOpenRun(ground);
    if (journal?.run !== found.run) throw decidedMeanwhile();
    await undoJournal(terminal, ground, journal);
    return true;
  });
}

/** What it goes back to was read before the lock was ours. */
async function checkSame({ host, places }: HostContext, before: History): Promise<void> {
  const now = await readHistory(host.files, places.history);
  if (now.entries.at(-1)?.run !== before.entries.at(-1)?.run) throw decidedMeanwhile();
}

function decidedMeanwhile(): MustredirectError {
  return new MustredirectError('failed', 'somebody else has applied, or undone, something meanwhile', {
    hint: '`mustredirect history` shows what happened; run it again when it is still to be undone',
  });
}

function nameOf(applied: Applied | 'nothing'): string {
  return applied === 'nothing' ? 'nothing applied' : `${applied.file} (sha256 ${applied.hash.slice(0, 12)})`;
}

function tellOfFile(terminal: Terminal, undone: Applied | undefined): void {
  if (undone) terminal.tell(`${undone.file} was not changed: apply does again what it says`);
}

function nothingToUndo(): MustredirectError {
  return new MustredirectError('failed', 'there is no apply to go back from', {
    hint: '`mustredirect history` shows what was applied; `mustredirect destroy` takes everything away',
  });
}

function nobodyToAsk(): MustredirectError {
  return new MustredirectError('usage', 'rollback changes this host and has nobody to ask', {
    hint: 'look at `mustredirect status`, then run `mustredirect rollback --yes`',
  });
}
