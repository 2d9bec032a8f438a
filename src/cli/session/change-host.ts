/** What `apply`, `rollback` and `destroy` share: the question, the lock, the run, the report. */
import { randomUUID } from 'node:crypto';
import { applyPlan, closePlan } from '../../apply/apply.ts';
import type { Journal } from '../../apply/journal.ts';
import { type LedgerKeeper, openLedger } from '../../apply/ledger-keeper.ts';
import { type Prepared, type Target, prepare } from '../../inspect/prepare.ts';
import { MustredirectError } from '../../error.ts';
import type { Sender } from '../../apply/senders.ts';
import { messageOf } from '../../apply/undo.ts';
import type { Interference } from '../../explain/interference/describe.ts';
import type { Plan } from '../../plan/step.ts';
import { emptyLedger } from '../../state/ledger.ts';
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
import { stopIfInterrupted } from '../../host/process/interrupt.ts';
import { withLock } from './lock-host.ts';
import { planLines } from '../../plan/print.ts';
import { planJson, printPlan, refuse } from '../terminal/print-plan.ts';
import { type HostContext, look } from './session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ChangeOptions {
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
  /** seconds to wait for another run to end */
  readonly wait: number;
}

export interface Change {
  readonly ground: HostContext;
  readonly target: Target;
  readonly options: ChangeOptions;
  /** `apply`, `rollback` or `destroy` */
  readonly verb: string;
  readonly title: string;
  readonly done: string;
  /** a step that fails keeps none of the others from being done */
  readonly goOn?: boolean;
  /** those that send to this gateway: what they go on sending stays closed */
  readonly senders?: readonly Sender[];
  /** seconds within which it must be confirmed */
  readonly confirm?: number | undefined;
  /** called with the lock held, before anything is looked at: rejects when the change is none to be made any more */
  readonly check?: () => Promise<void>;
  /** called before the first step of a run that must be confirmed */
  readonly started?: (run: string) => Promise<void>;
  /** called when all is in place: what others on this host drop or divert all the same */
  readonly look?: (prepared: Prepared) => Promise<readonly Interference[]>;
  /** writes down what was done; `changed`: there was something to do */
  readonly record: (run: string, prepared: Prepared, changed: boolean) => Promise<void>;
}

/**
 * The lock is not held while somebody thinks, so the plan is made again under it: what runs is what was
 * agreed to, or the question is asked again.
 */
export async function changeHost(terminal: Terminal, change: Change): Promise<void> {
  const { ground, options, verb } = change;
  if (!change.target.closed) await settleEarlierRun(terminal, ground, options.wait);
  await stopIfInterrupted(terminal.interrupt);
  for (;;) {
    const agreed = options.yes ? 'any' : await agree(terminal, change);
    if (agreed === undefined) {
      terminal.tell('nothing was changed');
      return terminal.setExitStatus(1);
    }
    const lock = { verb, wait: options.wait };
    if (await withLock(terminal, ground, lock, () => changeLocked(terminal, change, agreed))) return;
    terminal.tell(
      `\n${terminal.paintTold('yellow', 'this host has changed meanwhile')}, and so has the plan\n`,
    );
  }
}

/** Shows the plan. Gives it back when the user wants it, or when there is nothing to ask. */
async function agree(terminal: Terminal, change: Change): Promise<Plan | 'any' | undefined> {
  const cutOff = change.target.closed ? undefined : await readOpenRun(change.ground);
  const { plan, desired } = await look(change.ground, change.target);
  // What was cut off is undone first, and that needs the lock.
  if (cutOff && desired.refusals.length > 0) return 'any';
  refuse(desired.refusals, terminal);
  if (cutOff) tellCutOff(terminal, cutOff);
  show(terminal, change, plan);
  if (planLines(plan).length === 0) return plan;
  if (terminal.interactive && !change.options.json) {
    return (await terminal.confirm('\nGo on?')) ? plan : undefined;
  }
  throw new MustredirectError('usage', `${change.verb} changes this host and has nobody to ask`, {
    hint: `look at \`mustredirect plan\`, then run \`mustredirect ${change.verb} --yes\``,
  });
}

/** False when the plan is not the one agreed to any more: then nothing is changed. */
async function changeLocked(terminal: Terminal, change: Change, agreed: Plan | 'any'): Promise<boolean> {
  const { ground, target } = change;
  const { host, places, engines, progress, pause } = ground;
  if (target.closed) return closeLocked(terminal, change, agreed);
  await change.check?.();
  const cutOff = await readOpenRun(ground);
  if (cutOff?.until !== undefined && !isOverdue(cutOff)) throw waitsError(cutOff);
  if (!cutOff) await removeEndedRun(ground);
  const keeper = await openLedger(host.files, places.ledger);
  const prepared = await prepare(target, keeper.ledger);
  // Between two states is no place to stay: what cannot be brought to an end is undone.
  if (cutOff && prepared.desired.refusals.length > 0) await undoJournal(terminal, ground, cutOff);
  refuse(prepared.desired.refusals, terminal);
  if (agreed === 'any') {
    if (cutOff) tellCutOff(terminal, cutOff);
    show(terminal, change, prepared.plan);
  } else if (!sameSteps(agreed, prepared.plan)) return false;
  watchWork(terminal);
  const notReady = await applyPlan(
    target,
    prepared,
    { host, engines, keeper, progress, pause, senders: change.senders },
    runOf(terminal, change, prepared, cutOff),
  );
  const found = prepared.plan.steps.length > 0 ? await change.look?.(prepared) : undefined;
  report(terminal, change, prepared, found);
  // Done as far as it can be: at boot, systemd tries again.
  if (notReady.length > 0) terminal.setExitStatus(3);
  return true;
}

/** Nothing that went wrong before keeps closed what is closed from being so. */
async function closeLocked(terminal: Terminal, change: Change, agreed: Plan | 'any'): Promise<boolean> {
  const { ground, target } = change;
  const { host, places, engines, progress, pause } = ground;
  const keeper = await openLedger(host.files, places.ledger).catch((error: unknown) => {
    terminal.tell(`${messageOf(error)}; closed without it`, 'error');
    return forgetful;
  });
  const prepared = await prepare(target, keeper.ledger);
  refuse(prepared.desired.refusals, terminal);
  if (agreed === 'any') show(terminal, change, prepared.plan);
  else if (!sameSteps(agreed, prepared.plan)) return false;
  watchWork(terminal);
  await closePlan(target, prepared, { host, engines, keeper, progress, pause }, terminal.interrupt);
  report(terminal, change, prepared);
  return true;
}

/** A ledger that cannot be read is not written over either. */
const forgetful: LedgerKeeper = {
  ledger: emptyLedger,
  save: () => Promise.resolve(),
  rememberEdit: () => Promise.resolve(),
};

function runOf(terminal: Terminal, change: Change, prepared: Prepared, cutOff: Journal | undefined) {
  const { ground, verb, goOn = false, confirm, started, record } = change;
  return {
    journal: ground.places.journal,
    id: randomUUID(),
    verb,
    process: terminal.pid,
    cutOff,
    confirm,
    goOn,
    signal: terminal.interrupt,
    started: ({ run }: Journal) => started?.(run) ?? Promise.resolve(),
    record: (run: string, changed: boolean) => record(run, prepared, changed),
  };
}

/** It is carried on with, and not undone first: on the way back, what it had closed would be open for a moment. */
function tellCutOff(terminal: Terminal, cutOff: Journal): void {
  terminal.tell(`${earlierRunText(cutOff)}; this one finishes or undoes it`, 'note');
}

function report(
  terminal: Terminal,
  change: Change,
  prepared: Prepared,
  found: readonly Interference[] = [],
): void {
  const { plan } = prepared;
  if (change.options.json) {
    const interference = change.look ? { interference: found } : {};
    return terminal.print(JSON.stringify({ ...planJson(prepared), ...interference }, null, 2));
  }
  if (planLines(plan).length > 0) terminal.print(doneText(terminal, change, plan));
  for (const { problem, remedy } of found) {
    terminal.tell(`${problem}\n  ${remedy}`, 'warning');
  }
}

function doneText(terminal: Terminal, { done }: Change, { waiting, notReady }: Plan): string {
  if (notReady.length > 0) return `${done}, except for what is not ready: that is closed`;
  return waiting.length === 0 ? terminal.paint('green', done) : `${done}, except for what waits`;
}

function show(terminal: Terminal, { options, title }: Change, plan: Plan): void {
  if (!options.json) printPlan(plan, terminal, title);
}

function sameSteps(a: Plan, b: Plan): boolean {
  return JSON.stringify(a.steps) === JSON.stringify(b.steps);
}
