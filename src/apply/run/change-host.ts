/** The way that every run takes: what an earlier one has left, the plan, the lock, the steps, the history. */
import { randomUUID } from 'node:crypto';
import type { NotReady } from '../../desired/redirect.ts';
import type { Interference } from '../../explain/interference/describe.ts';
import { stopIfInterrupted } from '../../host/process/interrupt.ts';
import { type Prepared, type Target, prepare } from '../../inspect/prepare.ts';
import type { Plan } from '../../plan/step.ts';
import { emptyLedger } from '../../state/ledger.ts';
import { type Run, applyPlan, closePlan } from '../apply.ts';
import { type HistoryEntry, newEntry } from '../history.ts';
import type { Journal } from '../journal.ts';
import { type LedgerKeeper, openLedger } from '../ledger-keeper.ts';
import type { Sender } from '../senders.ts';
import { messageOf } from '../undo.ts';
import type { Caller } from './caller.ts';
import {
  earlierRunText,
  isOverdue,
  readOpenRun,
  removeEndedRun,
  settleEarlierRun,
  undoJournal,
  waitsError,
  watchWork,
} from './earlier-run.ts';
import { type HostContext, look } from './host-context.ts';
import { withLock } from './lock-host.ts';
import { refuse } from './refuse.ts';

export interface Change {
  readonly context: HostContext;
  readonly target: Target;
  /** `apply`, `rollback` or `destroy` */
  readonly verb: string;
  /** seconds to wait for another run to end */
  readonly wait: number;
  /** a step that fails keeps none of the others from being done, but for one that closes */
  readonly goOn?: boolean;
  /** nor does one that closes */
  readonly force?: boolean;
  /** those that send to this gateway: what they go on sending stays closed */
  readonly senders?: readonly Sender[];
  /** seconds within which it must be confirmed */
  readonly confirm?: number | undefined;
  /** called with each plan that is asked about, or that runs without a question */
  readonly show?: (plan: Plan) => void;
  /** whether the plan is to be done; absent: any plan is */
  readonly ask?: ((plan: Plan) => Promise<boolean>) | undefined;
  /** called when this host is not any more what the plan was made for, before the question is asked again */
  readonly outdated?: () => void;
  /** called with the lock held, before anything is looked at: rejects when the change is none to be made any more */
  readonly check?: () => Promise<void>;
  /** called before the first step of a run that must be confirmed */
  readonly started?: (run: string) => Promise<void>;
  /** called when all is in place: what others on this host drop or divert all the same */
  readonly look?: (prepared: Prepared) => Promise<readonly Interference[]>;
  /** writes down what was done; `changed`: there was something to do */
  readonly record: (entry: HistoryEntry, prepared: Prepared, changed: boolean) => Promise<void>;
}

export interface Changed {
  readonly prepared: Prepared;
  /** what is closed, since it is not ready */
  readonly notReady: readonly NotReady[];
  readonly interference: readonly Interference[];
}

/**
 * The lock is not held while somebody thinks, so the plan is made again under it: what runs is what was
 * agreed to, or the question is asked again.
 *
 * @returns nothing when the answer was no, and nothing was changed
 */
export async function changeHost(caller: Caller, change: Change): Promise<Changed | undefined> {
  const { context, verb, wait } = change;
  if (!change.target.closed) await settleEarlierRun(caller, context, wait);
  await stopIfInterrupted(caller.interrupt);
  for (;;) {
    const agreed = await agree(caller, change);
    if (agreed === undefined) return undefined;
    const changed = await withLock(caller, context, { verb, wait }, () =>
      changeLocked(caller, change, agreed),
    );
    if (changed) return changed;
    change.outdated?.();
  }
}

/** The plan that was agreed to. */
async function agree(caller: Caller, change: Change): Promise<Plan | 'any' | undefined> {
  const { context, target, show, ask } = change;
  if (!ask) return 'any';
  const cutOff = target.closed ? undefined : await readOpenRun(context);
  const { plan, desired } = await look(context, target);
  // The run that was cut off is undone first, which needs the lock.
  if (cutOff && desired.refusals.length > 0) return 'any';
  refuse(desired.refusals);
  if (cutOff) tellCutOff(caller, cutOff);
  show?.(plan);
  return (await ask(plan)) ? plan : undefined;
}

/** Nothing when the plan is not the one agreed to any more: then nothing is changed. */
async function changeLocked(
  caller: Caller,
  change: Change,
  agreed: Plan | 'any',
): Promise<Changed | undefined> {
  const { context, target } = change;
  const { host, places, engines, progress, pause } = context;
  if (target.closed) return closeLocked(caller, change, agreed);
  await change.check?.();
  const cutOff = await readOpenRun(context);
  if (cutOff?.until !== undefined && !isOverdue(cutOff)) throw waitsError(cutOff);
  if (!cutOff) await removeEndedRun(context);
  const keeper = await openLedger(host.files, places.ledger);
  const prepared = await prepare(target, keeper.ledger);
  const { plan, desired } = prepared;
  // Between two states is no place to stay: what cannot be brought to an end is undone.
  if (cutOff && desired.refusals.length > 0) await undoJournal(caller, context, cutOff);
  refuse(desired.refusals);
  if (agreed === 'any') {
    if (cutOff) tellCutOff(caller, cutOff);
    change.show?.(plan);
  } else if (!sameSteps(agreed, plan)) return undefined;
  watchWork(caller);
  const notReady = await applyPlan(
    target,
    prepared,
    { host, engines, keeper, progress, pause, senders: change.senders },
    runOf(caller, change, prepared, cutOff),
  );
  const interference = plan.steps.length > 0 ? await change.look?.(prepared) : undefined;
  return { prepared, notReady, interference: interference ?? [] };
}

/** Nothing that went wrong before keeps closed what is closed from being so. */
async function closeLocked(
  caller: Caller,
  change: Change,
  agreed: Plan | 'any',
): Promise<Changed | undefined> {
  const { context, target } = change;
  const { host, places, engines, progress, pause } = context;
  const keeper = await openLedger(host.files, places.ledger).catch((error: unknown) => {
    caller.tell(`${messageOf(error)}; closed without it`, 'error');
    return forgetful;
  });
  const prepared = await prepare(target, keeper.ledger);
  refuse(prepared.desired.refusals);
  if (agreed === 'any') change.show?.(prepared.plan);
  else if (!sameSteps(agreed, prepared.plan)) return undefined;
  watchWork(caller);
  await closePlan(target, prepared, { host, engines, keeper, progress, pause }, caller.interrupt);
  return { prepared, notReady: [], interference: [] };
}

/** A ledger that cannot be read is not written over either. */
const forgetful: LedgerKeeper = {
  ledger: emptyLedger,
  save: () => Promise.resolve(),
  rememberEdit: () => Promise.resolve(),
};

function runOf(caller: Caller, change: Change, prepared: Prepared, cutOff: Journal | undefined): Run {
  const { context, verb, goOn = false, force = false, confirm, started, record } = change;
  return {
    journal: context.places.journal,
    id: randomUUID(),
    verb,
    process: caller.pid,
    cutOff,
    confirm,
    goOn,
    force,
    signal: caller.interrupt,
    started: ({ run }: Journal) => started?.(run) ?? Promise.resolve(),
    record: (run, changed) => record(newEntry(run, caller.user, prepared.plan), prepared, changed),
  };
}

/** It is carried on with, and not undone first: on the way back, what it had closed would be open for a moment. */
function tellCutOff(caller: Caller, cutOff: Journal): void {
  caller.tell(`${earlierRunText(cutOff)}; this one finishes or undoes it`, 'note');
}

function sameSteps(a: Plan, b: Plan): boolean {
  return JSON.stringify(a.steps) === JSON.stringify(b.steps);
}
