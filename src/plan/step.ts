/** A plan: the way from the state found to the state wanted, in small moves that can be undone. */
import type { NotReady, Warning } from '../desired/redirect.ts';
import type { Action } from '../kinds/action.ts';

export interface Plan {
  readonly steps: readonly Step[];
  /** what stays as it is for now, and why */
  readonly waiting: readonly string[];
  /** what will hurt, and keeps no step from being done */
  readonly warnings: readonly Warning[];
  /** what is closed until it is as the file says */
  readonly notReady: readonly NotReady[];
}

export interface Step {
  readonly do: Action;
  /** absent where there is nothing to undo */
  readonly undo?: Action;
  /** it keeps flows from leaving by another way while the rest is done: when it fails, no step after it may be done */
  readonly closes?: true;
  /** what `plan` prints, one line per object */
  readonly lines: readonly PlanLine[];
}

export interface PlanLine {
  /** an object comes, goes, or changes; `*`: something is done that leaves no object */
  readonly sign: '+' | '-' | '~' | '*';
  /** `rule 4100: from 10.89.4.0/24 lookup 2184` */
  readonly text: string;
  readonly why: string;
}
