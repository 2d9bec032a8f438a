/** Sequence of every run: earlier run, plan, lock, steps, history. */
import { randomUUID } from 'node:crypto';
import type { NotReady } from '../../desired/redirect.ts';
import type { Interference } from '../../explain/interference/describe.ts';
import { stopIfInterrupted } from '../../host/process/interrupt.ts';
import type { PartMemory } from '../../inspect/host-parts.ts';
import { type Prepared, type Target, prepare } from '../../inspect/prepare.ts';
import type { Plan } from '../../plan/step.ts';
import { isAlike } from '../../kinds/alike.ts';
import { emptyLedger } from '../../state/ledger.ts';
import { type Run, applyPlan } from '../apply.ts';
import { closePlan } from '../close.ts';
import { type HistoryEntry, newEntry } from '../history.ts';
import type { Journal } from '../journal.ts';
import { type LedgerKeeper, openLedger } from '../ledger-keeper.ts';
import type { Sender } from '../senders.ts';
import type { OnFailure } from '../run-steps.ts';
import { messageOf } from '../undo.ts';
import type { Caller } from './caller.ts';
import {
  earlierRunText,
  isOverdue,
  readOpenRun,
  removeEndedRun,
  undoOverdueRun,
  undoJournal,
  waitsError,
  watchInterrupts,
} from './earlier-run.ts';
import { type HostContext, readAndPlan } from './host-context.ts';
import { withLock } from './lock-host.ts';
import { refuse } from './refuse.ts';

export interface HostChange {
  readonly context: HostContext;
  readonly target: Target;
  /** `apply`, `rollback` or `destroy` */
  readonly verb: string;
  /** seconds to wait for another run to end */
  readonly wait: number;
  /** behaviour after a failed step; absent: the run is undone */
  readonly onFailure?: OnFailure;
  /** nodes that send to this gateway: their traffic stays blocked while they send */
  readonly senders?: readonly Sender[];
  /** seconds within which the run must be confirmed */
  readonly confirm?: number | undefined;
  /** called with each plan before the question, or before a run without one */
  readonly show?: (plan: Plan) => void;
  /** asks whether to run the plan; absent: runs any plan */
  readonly ask?: ((plan: Plan) => Promise<boolean>) | undefined;
  /** called when the host has changed since the plan was made, before the question is repeated */
  readonly onOutdated?: () => void;
  /** called with the lock, before the host is read; rejects when the change is obsolete */
  readonly check?: () => Promise<void>;
  /**
   * State of the host and plan from a read while no run was under way, used instead of a read with the lock. `check` must
   * reject when another run has changed the host since. Changes of other programs are found by the read after the steps.
   */
  readonly read?: Prepared;
  /** what that read has recalled, or would recall: after the steps, parts that they have not changed */
  readonly memory?: PartMemory;
  /** called before the first step of a run that must be confirmed */
  readonly onStart?: (run: string) => Promise<void>;
  /** called at the end: returns packets that other programs drop or divert */
  readonly findInterference?: (prepared: Prepared) => Promise<readonly Interference[]>;
  /** records the run; `changed`: the plan had steps */
  readonly record: (entry: HistoryEntry, prepared: Prepared, changed: boolean) => Promise<void>;
}

export interface RunResult {
  readonly prepared: Prepared;
  /** networks and gateways that are blocked because they are not ready */
  readonly notReady: readonly NotReady[];
  readonly interference: readonly Interference[];
}

/**
 * Makes the plan, asks, takes the lock and makes the plan again: the lock is not held during the question. If both
 * plans differ, the question is repeated.
 *
 * @returns undefined when the answer was no, and nothing was changed
 */
export async function changeHost(caller: Caller, change: HostChange): Promise<RunResult | undefined> {
  const { context, verb, wait } = change;
  if (!change.target.closed) await undoOverdueRun(caller, context, wait);
  await stopIfInterrupted(caller.interrupt);
  for (;;) {
    const agreed = await agree(caller, change);
    if (agreed === undefined) return undefined;
    const changed = await withLock(caller, context, { verb, wait }, () => runLocked(caller, change, agreed));
    if (changed) return changed;
    change.onOutdated?.();
  }
}

/** Returns the accepted plan. */
async function agree(caller: Caller, change: HostChange): Promise<Plan | 'any' | undefined> {
  const { context, target, show, ask } = change;
  if (!ask) return 'any';
  const interruptedRun = target.closed ? undefined : await readOpenRun(context);
  const { plan, desired } = await readAndPlan(context, target);
  // The interrupted run must be undone first, which needs the lock.
  if (interruptedRun && desired.refusals.length > 0) return 'any';
  refuse(desired.refusals);
  if (interruptedRun) reportInterruptedRun(caller, interruptedRun);
  show?.(plan);
  return (await ask(plan)) ? plan : undefined;
}

/** Returns undefined, and changes nothing, when the plan differs from the accepted one. */
async function runLocked(
  caller: Caller,
  change: HostChange,
  agreed: Plan | 'any',
): Promise<RunResult | undefined> {
  const { context, target, senders } = change;
  const { host, places } = context;
  if (target.closed) return closeLocked(caller, change, agreed);
  await change.check?.();
  // An interrupted run is continued instead of undone first, since undo would briefly open what it had blocked.
  const interruptedRun = await readOpenRun(context);
  if (interruptedRun?.until !== undefined && !isOverdue(interruptedRun)) throw waitsError(interruptedRun);
  if (!interruptedRun) await removeEndedRun(context);
  const keeper = await openLedger(host.files, places.ledger);
  const known = interruptedRun ? undefined : change.read;
  // Runs that the history does not have may have changed the ledger.
  const isValid = known && isAlike(known.facts.ledger, { ...keeper.ledger, ...target.numbers });
  const prepared = isValid ? known : await prepare(target, keeper.ledger);
  const { plan, desired } = prepared;
  // The host must not stay between two states: an interrupted run that cannot be finished is undone.
  if (interruptedRun && desired.refusals.length > 0) await undoJournal(caller, context, interruptedRun);
  refuse(desired.refusals);
  if (agreed === 'any') {
    if (interruptedRun) reportInterruptedRun(caller, interruptedRun);
    change.show?.(plan);
  } else if (!sameSteps(agreed, plan)) return undefined;
  watchInterrupts(caller);
  const notReady = await applyPlan(
    isValid && change.memory ? { ...target, memory: change.memory } : target,
    prepared,
    { ...context, keeper, senders },
    runOf(caller, change, prepared, interruptedRun),
  );
  const interference = plan.steps.length > 0 ? await change.findInterference?.(prepared) : undefined;
  return { prepared, notReady, interference: interference ?? [] };
}

/** Blocks regardless of earlier errors. */
async function closeLocked(
  caller: Caller,
  change: HostChange,
  agreed: Plan | 'any',
): Promise<RunResult | undefined> {
  const { context, target } = change;
  const { host, places } = context;
  const keeper = await openLedger(host.files, places.ledger).catch((error: unknown) => {
    caller.tell(`${messageOf(error)}; closed without it`, 'error');
    return readOnlyLedger;
  });
  const prepared = await prepare(target, keeper.ledger);
  refuse(prepared.desired.refusals);
  if (agreed === 'any') change.show?.(prepared.plan);
  else if (!sameSteps(agreed, prepared.plan)) return undefined;
  watchInterrupts(caller);
  await closePlan(target, prepared, { ...context, keeper }, caller.interrupt);
  return { prepared, notReady: [], interference: [] };
}

/** Stands for an unreadable ledger, which is not overwritten. */
const readOnlyLedger: LedgerKeeper = {
  ledger: emptyLedger,
  save: () => Promise.resolve(),
  rememberEdit: () => Promise.resolve(),
};

function runOf(
  caller: Caller,
  change: HostChange,
  prepared: Prepared,
  interruptedRun: Journal | undefined,
): Run {
  const { context, verb, onFailure = 'undo', confirm, onStart, record } = change;
  return {
    journal: context.places.journal,
    id: randomUUID(),
    verb,
    process: caller.pid,
    interruptedRun,
    confirm,
    onFailure,
    signal: caller.interrupt,
    onStart: ({ run }: Journal) => onStart?.(run) ?? Promise.resolve(),
    record: (run, changed) => record(newEntry(run, caller.user, prepared.plan), prepared, changed),
  };
}

function reportInterruptedRun(caller: Caller, interruptedRun: Journal): void {
  caller.tell(`${earlierRunText(interruptedRun)}; this one finishes or undoes it`, 'note');
}

function sameSteps(a: Plan, b: Plan): boolean {
  return JSON.stringify(a.steps) === JSON.stringify(b.steps);
}
