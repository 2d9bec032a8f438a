/** Gives back what a run has done, or had begun when it was cut off. */
import { MustredirectError } from '../error.ts';
import { forgetFlows } from '../host/conntrack.ts';
import { objectText } from '../plan/compare.ts';
import { readOwned } from './gather.ts';
import type { Journal } from './journal.ts';
import { type Workplace, performUndo } from './perform.ts';

/**
 * Goes on after an error. Undoing twice is as good as once, should this be cut off too.
 *
 * @returns what is not as before: nothing when all is
 */
export async function undoRun(
  { begun, before, ledger, sameBoot }: Journal,
  workplace: Workplace,
): Promise<string[]> {
  const failed: string[] = [];
  const note = (error: unknown): void => void failed.push(messageOf(error));
  for (const { undo } of begun.toReversed()) {
    if (undo) await performUndo(undo, workplace).catch(note);
  }
  // What was decided meanwhile was decided for a way that is not taken any more.
  for (const { forget } of begun) {
    if (forget) await forgetFlows(workplace.host.exec, forget).catch(note);
  }
  try {
    const different = sameBoot ? await differences(before, workplace) : 0;
    if (different > 0) return [...failed, `${different} objects differ`];
    // Only now: what could not be undone must still be given back one day.
    if (failed.length === 0) await workplace.keeper.save(ledger);
  } catch (error) {
    note(error);
  }
  return failed;
}

async function differences(before: readonly string[], { host }: Workplace): Promise<number> {
  const [wanted, found] = [new Set(before), new Set((await readOwned(host.exec)).map(objectText))];
  return (
    [...wanted].filter((text) => !found.has(text)).length +
    [...found].filter((text) => !wanted.has(text)).length
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @param left what `undoRun` could not give back */
export function undoneError(cause: unknown, left: readonly string[]): MustredirectError {
  const { message, code, hint } =
    cause instanceof MustredirectError ? cause : new MustredirectError('failed', messageOf(cause));
  const state =
    left.length === 0
      ? 'everything is as it was before'
      : `not everything could be undone: ${left.join('; ')}`;
  return new MustredirectError(code === 'interrupted' ? code : 'failed', `${message}; ${state}`, {
    hint: left.length === 0 ? hint : 'run `mustredirect apply` again, or `mustredirect destroy`',
    cause,
  });
}
