/** Undoes the steps of a run, whether it failed or was interrupted. */
import { MustredirectError } from '../error.ts';
import { compareStates } from '../plan/compare.ts';
import { makePlan } from '../plan/make-plan.ts';
import { resetText } from '../plan/reset-steps.ts';
import { changeText } from '../plan/print.ts';
import { isInForce, natDuringRun, rememberedDecisions } from '../plan/nat-memory.ts';
import { readOwned } from '../inspect/gather.ts';
import type { Journal } from './journal.ts';
import { parseOwned } from './owned-object.ts';
import type { ApplyContext } from './apply-context.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { Ledger } from '../state/ledger.ts';
import { perform, performUndo } from './perform.ts';
import { untilSettled } from './until-settled.ts';

/**
 * Continues after an error. Can run again after an interruption: undoing twice has the same result as once.
 *
 * @returns errors and remaining differences; empty when the previous state is restored
 */
export async function undoRun(
  { startedSteps, before, ledger, sameBoot }: Journal,
  context: ApplyContext,
): Promise<string[]> {
  let failed: string[] = [];
  const note = (error: unknown): void => {
    if (!failed.includes(messageOf(error))) failed.push(messageOf(error));
  };
  await rememberBothStates(context.keeper, ledger).catch(note);
  // Without this reset, a container would answer the other end's next segment with a reset by the new egress: worth a
  // second attempt, but its failure does not stop the undo.
  await resetOpenedConnections(startedSteps, context)
    .catch(() => resetOpenedConnections(startedSteps, context))
    .catch(() => {});
  for (const [index, { undo }] of startedSteps.toReversed().entries()) {
    context.progress?.({
      what: 'undoing',
      step: { name: 'step', number: index + 1, of: startedSteps.length },
    });
    if (undo) await performUndo(undo, context).catch(note);
  }
  try {
    if (sameBoot) {
      const { different, errors } = await restoreObjects(before, ledger, context);
      if (different.length > 0) return [...new Set([...failed, ...errors, ...different])];
      // The host is as before: errors of inverses no longer matter.
      failed = [...errors];
    }
    // The ledger keeps all values that are still to be restored, so it is reset only after success.
    if (failed.length === 0) await context.keeper.save(ledger);
  } catch (error) {
    note(error);
  }
  return failed;
}

/** Until the undo is complete, flows may have NAT decisions of the state before the run or of the run. */
async function rememberBothStates(keeper: LedgerKeeper, before: Ledger): Promise<void> {
  const { ledger } = keeper;
  if (ledger.nat || before.nat) {
    await keeper.save({ ...ledger, nat: natDuringRun(ledger, rememberedDecisions(before)) });
  }
}

/** Resets connections whose entries the undo deletes, while their packets still take the egress of the run. */
async function resetOpenedConnections(
  startedSteps: Journal['startedSteps'],
  context: ApplyContext,
): Promise<void> {
  const flows = startedSteps.flatMap(({ undo }) => (undo?.kind === 'open' ? undo.flows : []));
  const text = flows.length > 0 ? resetText(await readOwned(context.host), flows) : undefined;
  if (text !== undefined) await perform({ kind: 'reset-connections', flows, text }, context);
}

/**
 * Runs a plan back to the objects before the run. Inverses do not restore objects that another program removed
 * meanwhile (an interface that went down, a flushed ruleset), and an inverse may fail.
 *
 * @returns remaining differences, and errors of the last round
 */
async function restoreObjects(
  before: readonly string[],
  ledger: Journal['ledger'],
  context: ApplyContext,
): Promise<{ readonly different: readonly string[]; readonly errors: readonly string[] }> {
  const { host, keeper } = context;
  const wanted = before.map((text) => ({ object: parseOwned(text), why: 'as before' }));
  const desired = { wanted, nat: rememberedDecisions(ledger), waiting: [], warnings: [], notReady: [] };
  const errors: string[] = [];
  const different = await untilSettled(async () => {
    context.progress?.({ what: 'looking whether this host is as before' });
    errors.length = 0;
    const found = await readOwned(host);
    // If the inverses have restored the table, they have also deleted the entries of its flows.
    const { nat } = isInForce(ledger, found) ? ledger : keeper.ledger;
    const { steps } = makePlan(found, desired, { ...(nat ? { nat } : {}), forget: [] });
    for (const step of steps) {
      await perform(step.do, context).catch((error: unknown) => errors.push(messageOf(error)));
    }
    return compareStates(await readOwned(host), wanted).map(changeText);
  });
  return { different, errors };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @param left errors and differences from `undoRun` */
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
