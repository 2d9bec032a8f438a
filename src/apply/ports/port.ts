import type { Exec } from '../../host/ports.ts';
import type { ApplyContext } from '../apply-context.ts';

/** Does the actions of one kind on a host. */
export interface Port<A> {
  /** @param interruptible programs that it starts are ended by Ctrl-C; those of `context.host` are waited for */
  perform(action: A, context: ApplyContext, interruptible: Exec): Promise<void>;
  /**
   * Does an action that undoes another, which may have been done in part, or not at all: what is not there to be taken away is
   * no error. Absent where `perform` is right for that too.
   */
  performUndo?(action: A, context: ApplyContext): Promise<void>;
}
