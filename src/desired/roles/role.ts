/** What the work on a role, a node's or a gateway member's, needs to know, and what comes of it. */
import type { Facts } from '../../state/facts.ts';
import type { Numbers } from '../allocate/numbers.ts';
import type { NotReady, Redirect, Refusal } from '../redirect.ts';

/** What a role asks of a host, why that is not open, and why nothing may begin. */
export interface RoleResult {
  readonly redirects: readonly Redirect[];
  readonly refusals: readonly Refusal[];
  readonly notReady: readonly NotReady[];
}

/** What the work on a role needs to know beside the role itself. */
export interface RoleContext {
  readonly facts: Facts;
  readonly numbers: Numbers;
  /** everything is taken for ready: at boot, what closes is put in place before there is anything else */
  readonly closing: boolean;
}
