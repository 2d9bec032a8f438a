/** Brings a host to the desired state, or back to the previous one. */
import { MustredirectError } from '../error.ts';
import { runOrFail } from '../host/process/exec.ts';
import { interruptibleHost, stopIfInterrupted } from '../host/process/interrupt.ts';
import type { Desired } from '../desired/desired.ts';
import type { NotReady } from '../desired/redirect.ts';
import type { Exec } from '../host/ports.ts';
import { compareStates } from '../plan/compare.ts';
import { makePlan } from '../plan/make-plan.ts';
import { natMemory } from '../plan/nat-memory.ts';
import { changeText } from '../plan/print.ts';
import type { Plan } from '../plan/step.ts';
import {
  type Journal,
  type JournalHead,
  type JournalKeeper,
  continueJournal,
  startJournal,
} from './journal.ts';
import { changedParts } from './changed-parts.ts';
import { ledgerAfter, ledgerBefore } from './ledger-keeper.ts';
import type { ApplyContext } from './apply-context.ts';
import { type Compared, type Prepared, type Target, compareHost } from '../inspect/prepare.ts';
import { type StepOptions, runSteps, failedStepsError } from './run-steps.ts';
import { undoRun, undoneError } from './undo.ts';
import { untilSettled } from './until-settled.ts';

export interface Run extends StepOptions {
  /** path of its journal */
  readonly journal: string;
  readonly id: string;
  /** `apply`, `rollback` or `destroy` */
  readonly verb: string;
  /** process id */
  readonly process: number;
  /** interrupted run that this one finishes: both are undone together, or neither */
  readonly interruptedRun?: Journal | undefined;
  /** seconds within which the run must be confirmed, or it is undone */
  readonly confirm?: number | undefined;
  /** called before the first step, once another process can undo the run */
  readonly onStart?: ((journal: Journal) => Promise<void>) | undefined;
  /** called when the desired state is reached, as the last part of the run; `changed`: the plan had steps */
  readonly record?: ((id: string, changed: boolean) => Promise<void>) | undefined;
}

/**
 * Runs the plan. When a step fails, or the host differs from the desired state afterwards, it undoes the run and
 * rejects.
 *
 * @returns networks and gateways that are blocked because they are not ready
 */
export async function applyPlan(
  target: Target,
  prepared: Prepared,
  context: ApplyContext,
  run: Run,
): Promise<readonly NotReady[]> {
  if (prepared.plan.steps.length === 0 && !run.interruptedRun)
    return finishWithoutSteps(prepared, context, run);
  const keeper = await openJournal(prepared, context, run).catch((cause: unknown) => {
    throw undoneError(cause, []);
  });
  const { errors, notReady } = await runPlan(target, prepared, context, run, keeper).catch(
    async (cause: unknown) => {
      const left = await undoRun(keeper.journal, context);
      if (left.length === 0) await keeper.close();
      throw undoneError(cause, left);
    },
  );
  if (errors.length > 0) throw failedStepsError(errors);
  return notReady;
}

/** Checks for missing programs before anything is changed. */
async function openJournal(
  { plan, facts }: Prepared,
  { host, keeper }: ApplyContext,
  { journal: path, id, verb, process, confirm, interruptedRun, onFailure = 'undo' }: Run,
): Promise<JournalKeeper> {
  if (onFailure === 'undo') await checkTools(plan, host.exec);
  const head: JournalHead = {
    run: id,
    verb,
    process,
    since: new Date().toISOString(),
    ...(confirm === undefined ? {} : { confirm }),
    ledger: keeper.ledger,
    before: facts.owned.map((object) => JSON.stringify(object)),
  };
  return interruptedRun
    ? continueJournal(host.files, path, interruptedRun, head)
    : startJournal(host.files, path, head);
}

async function checkTools({ steps }: Plan, exec: Exec): Promise<void> {
  if (steps.some((step) => 'flows' in step.do)) await runOrFail(exec, ['conntrack', '--version']);
}

/** @returns errors, and differences that are left: empty unless the run continues after errors */
async function runPlan(
  target: Target,
  prepared: Prepared,
  context: ApplyContext,
  run: Run,
  journal: JournalKeeper,
): Promise<{ readonly errors: string[]; readonly notReady: readonly NotReady[] }> {
  await run.onStart?.(journal.journal);
  const failed: string[] = [];
  let next = (): Prepared => prepared;
  let applied: Desired = prepared.desired;
  const left = await untilSettled(async () => {
    const { desired, plan, facts } = next();
    const changed = changedParts(plan);
    if (failed.length === 0) {
      // A later round may change what the first did not.
      await context.keeper.save(ledgerBefore(facts.ledger, desired, plan, facts));
      failed.push(...(await runSteps(plan, context, run, journal)));
    }
    // Recalled are only parts that no step has changed. What is read in between is not recalled later.
    target.memory?.forget(changed);
    const { compared, left: differences } = await readBack(target, context, run.signal, prepared);
    target.memory?.forget(changed);
    const memory = natMemory(applied);
    next = () => ({ ...compared, plan: makePlan(compared.actual, compared.desired, memory) });
    applied = compared.desired;
    return differences;
  });
  const errors = [...failed, ...left];
  if (errors.length > 0 && (run.onFailure ?? 'undo') === 'undo') throw stateDiffersError(errors);
  // The run is complete here: a later Ctrl-C has no effect.
  await stopIfInterrupted(run.signal);
  if (run.confirm !== undefined) await journal.waitUntil(new Date(Date.now() + run.confirm * 1000));
  if (errors.length === 0) await run.record?.(run.id, true);
  if (run.confirm === undefined) await journal.close();
  return { errors, notReady: applied.notReady };
}

/** Without steps, the ledger may still have entries that are obsolete. */
async function finishWithoutSteps(
  prepared: Prepared,
  context: ApplyContext,
  { id, record }: Run,
): Promise<readonly NotReady[]> {
  const { left, compared } = await compareAndSave(prepared, context);
  if (left.length > 0) throw stateDiffersError(left);
  await record?.(id, false);
  return compared.desired.notReady;
}

interface ReadBack {
  readonly compared: Compared;
  /** differences that are left */
  readonly left: readonly string[];
}

/** Reads the host again, and returns the differences that are left; without any, updates the ledger. */
async function readBack(
  target: Target,
  context: ApplyContext,
  signal: AbortSignal | undefined,
  known: Compared,
): Promise<ReadBack> {
  const compared = await readHostAgain(target, context, signal, known);
  if (compared.role.networks.length > 0) requireEngines(known, compared);
  return compareAndSave(compared, context);
}

/** Reads the host once more, as the same target. */
export function readHostAgain(
  target: Target,
  { keeper, progress }: ApplyContext,
  signal: AbortSignal | undefined,
  known?: Compared,
): Promise<Compared> {
  progress?.({ what: 'looking whether this host is as wanted' });
  const { host } = target;
  const interruptible = { ...target, host: interruptibleHost(host, signal), progress: undefined };
  return compareHost(interruptible, keeper.ledger, known);
}

/** Throws when an engine that answered before the first step fails now, since its state is unknown. */
function requireEngines(before: Compared, { facts: { unreadEngines = {} } }: Compared): void {
  const known = before.facts.unreadEngines ?? {};
  for (const [engine, { why, hint }] of Object.entries(unreadEngines)) {
    if (!(engine in known)) throw new MustredirectError('failed', why, { hint });
  }
}

async function compareAndSave(compared: Compared, { keeper }: ApplyContext): Promise<ReadBack> {
  const { actual, desired, facts } = compared;
  const changes = compareStates(actual, desired.wanted);
  if (changes.length === 0) await keeper.save(ledgerAfter(keeper.ledger, desired, facts));
  return { left: changes.map(changeText), compared };
}

function stateDiffersError(left: readonly string[]): MustredirectError {
  return new MustredirectError('failed', `the host still differs from what was set: ${left.join('; ')}`, {
    hint: 'another program on this host may be changing it at the same time',
  });
}
