import { type Applied, appliedBefore, appliedNow, readHistory } from '../../apply/history.ts';
import { earlierRunText, openRunText, readOpenRun, undoOpenRun } from '../../apply/run/earlier-run.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { rollbackVerb } from '../../apply/run/verbs.ts';
import { MustredirectError } from '../../error.ts';
import { noRole } from '../../inspect/prepare.ts';
import { type ChangeOptions, changeAtTerminal } from '../session/change-at-terminal.ts';
import { type ContextOptions, appliedTarget, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

type RollbackOptions = ContextOptions & ChangeOptions;

export async function rollback(terminal: Terminal, options: RollbackOptions): Promise<void> {
  const context = await openContext(terminal, options);
  if (await undoFirst(terminal, context, options)) return;
  const { host, places } = context;
  const history = await readHistory(host.files, places.history);
  const before = appliedBefore(history);
  if (before === undefined) throw nothingToUndo();
  await changeAtTerminal(terminal, {
    ...rollbackVerb(context, history),
    context,
    target: before === 'nothing' ? { ...context, ...noRole } : appliedTarget(terminal, context, before),
    options,
    title: `plan to go back to ${nameOf(before)}`,
    done: `done: this host is as it was with ${nameOf(before)}`,
  });
  tellOfFile(terminal, appliedNow(history));
}

/** A run that waits for confirmation, or was interrupted, is undone with its own journal. */
async function undoFirst(
  terminal: Terminal,
  context: HostContext,
  options: RollbackOptions,
): Promise<boolean> {
  const found = await readOpenRun(context);
  if (!found) return false;
  if (!options.yes) {
    if (!terminal.interactive || options.json) throw noTerminalError();
    if (!(await terminal.confirm(`${(await openRunText(context)) ?? earlierRunText(found)}\nUndo it?`))) {
      terminal.tell('nothing was changed');
      terminal.setExitStatus(1);
      return true;
    }
  }
  await undoOpenRun(terminal, context, found.run, options.wait);
  return true;
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

function noTerminalError(): MustredirectError {
  return new MustredirectError('usage', 'rollback changes this host and has nobody to ask', {
    hint: 'look at `mustredirect status`, then run `mustredirect rollback --yes`',
  });
}
