/** Runs the steps of a plan in order. */
import { MustredirectError } from '../error.ts';
import { isInterruption, stopIfInterrupted } from '../host/process/interrupt.ts';
import type { Plan } from '../plan/step.ts';
import type { ApplyContext } from './apply-context.ts';
import type { JournalKeeper } from './journal.ts';
import { perform } from './perform.ts';
import { stepWork } from './step-work.ts';
import { messageOf } from './undo.ts';

export interface StepOptions {
  /** aborted by Ctrl-C: interrupts the current step and undoes the run */
  readonly signal?: AbortSignal | undefined;
  readonly onFailure?: OnFailure;
}

/**
 * Behaviour after a failed step: `undo`, the default, stops and undoes the run. `continue`, for destroy, runs the next
 * step and undoes nothing, unless a step that blocks fails; `force` continues even then.
 */
export type OnFailure = 'undo' | 'continue' | 'force';

export async function runSteps(
  { steps }: Plan,
  context: ApplyContext,
  { signal, onFailure = 'undo' }: StepOptions,
  journal?: JournalKeeper,
): Promise<string[]> {
  const failed: string[] = [];
  for (const [index, step] of steps.entries()) {
    await stopIfInterrupted(signal);
    context.progress?.(stepWork(step, index, steps.length));
    await journal?.begin(step);
    try {
      await perform(step.do, context, signal);
    } catch (error) {
      if (onFailure === 'undo' || isInterruption(error)) throw error;
      if (step.closes && onFailure !== 'force') throw notClosedError(error);
      failed.push(messageOf(error));
    }
  }
  return failed;
}

function notClosedError(cause: unknown): MustredirectError {
  return new MustredirectError(
    'failed',
    `nothing is taken away, because flows could not be blocked: ${messageOf(cause)}`,
    {
      hint: 'fix the cause and run it again; `mustredirect destroy --force` takes everything away without blocking',
      cause,
    },
  );
}

export function failedStepsError(errors: readonly string[]): MustredirectError {
  return new MustredirectError('failed', `some steps failed: ${errors.join('; ')}`, {
    hint: 'everything else is done; fix the cause and run it again',
  });
}
