/** Brings a host to the wanted state, or back to the one that it was in. */
import { MustredirectError } from '../error.ts';
import { compareStates } from '../plan/compare.ts';
import type { Step } from '../plan/step.ts';
import type { Ledger } from '../state/ledger.ts';
import { ledgerAfter, ledgerBefore } from './ledger-keeper.ts';
import { type Workplace, perform, performUndo } from './perform.ts';
import { type Prepared, type Target, prepare } from './prepare.ts';

export interface ApplyOptions {
  /** asked before each step; the user pressed Ctrl-C */
  readonly interrupted?: () => boolean;
  /** told of each step before it is done */
  readonly onStep?: (step: Step) => void;
}

/** Runs the plan. When a step fails, or the host is not as wanted afterwards, all is undone and it rejects. */
export async function applyPlan(
  target: Target,
  prepared: Prepared,
  workplace: Workplace,
  options: ApplyOptions = {},
): Promise<void> {
  const { desired, plan, facts } = prepared;
  const { keeper } = workplace;
  const before = keeper.ledger;
  await keeper.save(ledgerBefore(before, desired, plan, facts));
  const begun: Step[] = [];
  try {
    for (const step of plan.steps) {
      if (options.interrupted?.()) throw new MustredirectError('interrupted', 'interrupted');
      options.onStep?.(step);
      begun.push(step);
      await perform(step.do, workplace);
    }
    await checkReached(target, workplace);
    const empty = target.role.networks.length === 0 && target.role.gateways.length === 0;
    await keeper.save(ledgerAfter(keeper.ledger, desired, { empty }));
  } catch (cause) {
    throw undoneError(cause, await undo(begun, before, target, prepared, workplace));
  }
}

/** Believes nothing but what the host says now. */
async function checkReached(target: Target, { keeper }: Workplace): Promise<void> {
  const { plan } = await prepare(target, keeper.ledger);
  const left = plan.steps.flatMap((step) => step.lines).map(({ sign, text }) => `${sign} ${text}`);
  if (left.length === 0) return;
  throw new MustredirectError('failed', `the host does not have what was set: ${left.join('; ')}`, {
    hint: 'something else on this host may be changing it at the same time',
  });
}

/** Goes on after an error, and tells what is not as before: nothing when all is. */
async function undo(
  begun: readonly Step[],
  before: Ledger,
  target: Target,
  prepared: Prepared,
  workplace: Workplace,
): Promise<string[]> {
  const failed: string[] = [];
  const note = (error: unknown): void => void failed.push(messageOf(error));
  for (const step of [...begun].reverse()) {
    if (step.undo) await performUndo(step.undo, workplace).catch(note);
  }
  try {
    const after = await prepare(target, workplace.keeper.ledger);
    const wanted = prepared.actual.map((object) => ({ object, why: 'as it was before' }));
    const changes = compareStates(after.actual, wanted);
    if (changes.length > 0) return [...failed, `${changes.length} objects differ`];
    // Only now: what could not be undone must still be given back one day.
    await workplace.keeper.save(before);
    return [];
  } catch (error) {
    note(error);
    return failed;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function undoneError(cause: unknown, left: readonly string[]): MustredirectError {
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
