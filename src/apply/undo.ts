/** Gives back what a run has done, or had begun when it was cut off. */
import { MustredirectError } from '../error.ts';
import { compareStates } from '../plan/compare.ts';
import { makePlan } from '../plan/make-plan.ts';
import { resetText } from '../plan/reset-steps.ts';
import { changeText } from '../plan/print.ts';
import { readOwned } from '../inspect/gather.ts';
import type { Journal } from './journal.ts';
import { parseOwned } from './owned-object.ts';
import type { ApplyContext } from './apply-context.ts';
import { perform, performUndo } from './perform.ts';
import { untilSettled } from './until-settled.ts';

/**
 * Goes on after an error. Undoing twice is as good as once, should this be cut off too.
 *
 * @returns what is not as before: nothing when all is
 */
export async function undoRun(
  { begun, before, ledger, sameBoot }: Journal,
  context: ApplyContext,
): Promise<string[]> {
  const failed: string[] = [];
  const note = (error: unknown): void => {
    if (!failed.includes(messageOf(error))) failed.push(messageOf(error));
  };
  // A connection that is not told answers the other end's next segment with a reset by the new way: worth a second try, and no
  // reason to leave the rest as it is.
  await endConnections(begun, context)
    .catch(() => endConnections(begun, context))
    .catch(() => {});
  for (const [index, { undo }] of begun.toReversed().entries()) {
    context.progress?.({ what: 'undoing', part: { name: 'step', number: index + 1, of: begun.length } });
    if (undo) await performUndo(undo, context).catch(note);
  }
  try {
    const { different, again } = sameBoot ? await putBack(before, context) : { different: [], again: failed };
    if (different.length > 0) return [...new Set([...failed, ...again, ...different])];
    // All is as before: what an inverse could not do, the way back has done.
    failed.splice(0, failed.length, ...again);
    // Only now: what could not be undone must still be given back one day.
    if (failed.length === 0) await context.keeper.save(ledger);
  } catch (error) {
    note(error);
  }
  return failed;
}

/** While they still go by the way that is given up: then they are forgotten. */
async function endConnections(begun: Journal['begun'], context: ApplyContext): Promise<void> {
  const flows = begun.flatMap(({ undo }) => (undo?.kind === 'open' ? undo.flows : []));
  const text = flows.length > 0 ? resetText(await readOwned(context.host), flows) : undefined;
  if (text !== undefined) await perform({ kind: 'reset-connections', flows, text }, context);
}

/**
 * What others have taken of ours meanwhile, as an interface that went down or a flushed ruleset does, no inverse of
 * a step brings back. Nor does one that failed.
 *
 * @returns what is not as before, all the same, and what went wrong at the last try
 */
async function putBack(
  before: readonly string[],
  context: ApplyContext,
): Promise<{ readonly different: readonly string[]; readonly again: readonly string[] }> {
  const { host } = context;
  const wanted = before.map((text) => ({ object: parseOwned(text), why: 'as before' }));
  const again: string[] = [];
  const different = await untilSettled(async () => {
    context.progress?.({ what: 'looking whether this host is as before' });
    again.length = 0;
    const { steps } = makePlan(await readOwned(host), { wanted, waiting: [], warnings: [], notReady: [] });
    for (const step of steps) {
      await perform(step.do, context).catch((error: unknown) => again.push(messageOf(error)));
    }
    return compareStates(await readOwned(host), wanted).map(changeText);
  });
  return { different, again };
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
