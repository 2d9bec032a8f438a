/** Input and result of a role: a role is one file entry's work on this host, as a node or as a gateway member. */
import type { Facts } from '../../state/facts.ts';
import type { Numbers } from '../allocate/numbers.ts';
import type { NotReady, Redirect, Refusal } from '../redirect.ts';

/** The redirects of a role, the reasons why parts of it stay closed for now, and the reasons to refuse the whole run. */
export interface RoleResult {
  readonly redirects: readonly Redirect[];
  readonly refusals: readonly Refusal[];
  readonly notReady: readonly NotReady[];
}

/** Input of a role, besides its entry in the file. */
export interface RoleContext {
  readonly facts: Facts;
  readonly numbers: Numbers;
  /** take everything for ready: at boot the closed state is put in place before links and addresses exist */
  readonly closing: boolean;
}
