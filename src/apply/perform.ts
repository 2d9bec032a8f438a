/** Runs one action on a host. */
import { interruptibleExec } from '../host/process/interrupt.ts';
import type { Action } from '../kinds/action.ts';
import { portOf } from './ports/index.ts';
import type { ApplyContext } from './apply-context.ts';

/**
 * @param signal interrupts programs for which that is safe: the inverse of a batch undoes any part of it. Requests to
 *   an engine are completed by its daemon regardless, so they are waited for.
 */
export async function perform(action: Action, context: ApplyContext, signal?: AbortSignal): Promise<void> {
  await portOf(action).perform(action, context, interruptibleExec(context.host.exec, signal));
}

/** Undoes an action that may have run partly or not at all. If that fails, other actions are still undone. */
export async function performUndo(action: Action, context: ApplyContext): Promise<void> {
  const port = portOf(action);
  await (port.performUndo?.(action, context) ?? perform(action, context));
}
