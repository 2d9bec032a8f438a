/** Progress text of a step. */
import type { Work } from '../host/progress.ts';
import { actionKindOf } from '../kinds/action.ts';
import type { Step } from '../plan/step.ts';

/** @param index index of the step, from 0 */
export function stepWork(step: Step, index: number, of: number): Work {
  const kind = actionKindOf(step.do);
  const objects = kind.objects(step.do);
  return {
    what: kind.work(step.do),
    step: { name: 'step', number: index + 1, of },
    ...(objects > 1 ? { objects } : {}),
  };
}
