/** Does one action on a host. */
import { interruptibleExec } from '../host/process/interrupt.ts';
import type { Action } from '../kinds/action.ts';
import { portOf } from './ports/index.ts';
import type { ApplyContext } from './apply-context.ts';

/**
 * @param signal cuts what may be cut: where a batch was ended, its inverse undoes any part of it. What an engine was asked for
 *   its daemon does all the same, also when nobody waits for it any more: that is waited for.
 */
export async function perform(action: Action, context: ApplyContext, signal?: AbortSignal): Promise<void> {
  await portOf(action).perform(action, context, interruptibleExec(context.host.exec, signal));
}

/**
 * Undoes an action that may have been done in part, or not at all. One that cannot be undone does not keep the others from it.
 */
export async function performUndo(action: Action, context: ApplyContext): Promise<void> {
  const port = portOf(action);
  await (port.performUndo?.(action, context) ?? perform(action, context));
}
