import type { Exec } from '../../host/ports.ts';
import type { ApplyContext } from '../apply-context.ts';

/** Runs actions of one kind on a host. */
export interface Port<A> {
  /** @param interruptible runs programs that Ctrl-C may interrupt; those of `context.host` are waited for */
  perform(action: A, context: ApplyContext, interruptible: Exec): Promise<void>;
  /**
   * Runs the inverse of an action that may have run partly or not at all: an object that is already gone is not an
   * error. Absent when `perform` can do that.
   */
  performUndo?(action: A, context: ApplyContext): Promise<void>;
}
