/** Blocks redirected networks, whatever else fails. */
import { changeText } from '../plan/print.ts';
import { compareStates } from '../plan/compare.ts';
import type { Prepared, Target } from '../inspect/prepare.ts';
import type { ApplyContext } from './apply-context.ts';
import { readHostAgain } from './apply.ts';
import { ledgerBefore } from './ledger-keeper.ts';
import { runSteps, failedStepsError } from './run-steps.ts';

/**
 * Runs steps that block, and continues after errors. The steps only add objects, so there is nothing to undo: no
 * journal is written, and the journal of a run that was interrupted or waits for confirmation is kept.
 */
export async function closePlan(
  target: Target,
  { desired, plan, facts }: Prepared,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  const { keeper } = context;
  if (plan.steps.length > 0) await keeper.save(ledgerBefore(facts.ledger, desired, plan, facts));
  const failed = await runSteps(plan, context, { signal, onFailure: 'force' });
  const { actual, desired: closed } = await readHostAgain(target, context, signal);
  const errors = [...failed, ...compareStates(actual, closed.wanted).map(changeText)];
  if (errors.length > 0) throw failedStepsError(errors);
  // The table has old and new rules side by side, so no digest is saved with the NAT decisions.
  const { forget: _, ...kept } = keeper.ledger;
  await keeper.save(kept);
}
