/** A plan: steps from the actual to the desired state, each with its undo. */
import type { NotReady, Warning } from '../desired/redirect.ts';
import type { Action } from '../kinds/action.ts';

export interface Plan {
  readonly steps: readonly Step[];
  /** what stays unchanged for now, and why */
  readonly waiting: readonly string[];
  /** problems that stop no step */
  readonly warnings: readonly Warning[];
  /** networks and gateways that stay closed until they match the file */
  readonly notReady: readonly NotReady[];
}

export interface Step {
  readonly do: Action;
  /** absent when there is nothing to undo */
  readonly undo?: Action;
  /** the step keeps flows from leaving by another egress during later steps, which must not run when it fails */
  readonly closes?: true;
  /** what `plan` prints, one line per object */
  readonly lines: readonly PlanLine[];
}

export interface PlanLine {
  /** an object is added, removed or changed; `*`: an action that leaves no object, or a change of foreign facts */
  readonly sign: '+' | '-' | '~' | '*';
  /** `rule 4100: from 10.89.4.0/24 lookup 2184` */
  readonly text: string;
  readonly why: string;
}
