/** Brings a host to the wanted state, or back to the one that it was in. */
import { MustredirectError } from '../error.ts';
import { runOrFail } from '../host/process/exec.ts';
import { interruptibleHost, isInterruption, stopIfInterrupted } from '../host/process/interrupt.ts';
import type { NotReady } from '../desired/redirect.ts';
import type { Exec } from '../host/ports.ts';
import { compareStates, objectText } from '../plan/compare.ts';
import { makePlan } from '../plan/make-plan.ts';
import { changeText } from '../plan/print.ts';
import type { Plan } from '../plan/step.ts';
import {
  type Journal,
  type JournalHead,
  type JournalKeeper,
  continueJournal,
  startJournal,
} from './journal.ts';
import { ledgerAfter, ledgerBefore } from './ledger-keeper.ts';
import type { ApplyContext } from './apply-context.ts';
import { perform } from './perform.ts';
import { type Compared, type Prepared, type Target, compareHost } from '../inspect/prepare.ts';
import { stepWork } from './step-work.ts';
import { messageOf, undoRun, undoneError } from './undo.ts';
import { untilSettled } from './until-settled.ts';

export interface Run {
  /** path of its journal */
  readonly journal: string;
  /** tells this run from all others */
  readonly id: string;
  /** `apply`, `rollback` or `destroy` */
  readonly verb: string;
  /** process id */
  readonly process: number;
  /** a run that was cut off, and that this one brings to an end: both are undone together, or neither */
  readonly cutOff?: Journal | undefined;
  /** seconds within which somebody must confirm it, or it is undone */
  readonly confirm?: number | undefined;
  /** the user pressed Ctrl-C: the step under way is cut, and all is undone */
  readonly signal?: AbortSignal | undefined;
  /** taking down: a step that fails keeps none of the others from being done, and nothing is put back; but for one that closes */
  readonly goOn?: boolean;
  /** taking down goes on also when a step that closes has failed */
  readonly force?: boolean;
  /** called when the run can be undone by somebody else, before its first step */
  readonly started?: ((journal: Journal) => Promise<void>) | undefined;
  /** called when all is as wanted, as the last thing that still belongs to the run; `changed`: there was something to do */
  readonly record?: ((id: string, changed: boolean) => Promise<void>) | undefined;
}

/**
 * Runs the plan. When a step fails, or the host is not as wanted afterwards, all is undone and it rejects.
 *
 * @returns what is closed, since it is not ready
 */
export async function applyPlan(
  target: Target,
  prepared: Prepared,
  context: ApplyContext,
  run: Run,
): Promise<readonly NotReady[]> {
  if (prepared.plan.steps.length === 0 && !run.cutOff) return settleAlone(prepared, context, run);
  const keeper = await openJournal(prepared, context, run).catch((cause: unknown) => {
    throw undoneError(cause, []);
  });
  const { wrong, notReady } = await runPlan(target, prepared, context, run, keeper).catch(
    async (cause: unknown) => {
      const left = await undoRun(keeper.journal, context);
      if (left.length === 0) await keeper.close();
      throw undoneError(cause, left);
    },
  );
  if (wrong.length > 0) throw takenDownError(wrong);
  return notReady;
}

/**
 * Puts in place what closes, whatever else fails. It adds only, so there is nothing to undo: no journal is written, and
 * that of a run that was cut off, or waits to be confirmed, stays as it is.
 */
export async function closePlan(
  target: Target,
  { desired, plan, facts }: Prepared,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  const { keeper } = context;
  if (plan.steps.length > 0) await keeper.save(ledgerBefore(facts.ledger, desired, plan, facts));
  const failed = await runSteps(plan, context, { signal, goOn: true, force: true });
  const wrong = [...failed, ...(await settle(target, context, signal)).left];
  if (wrong.length > 0) throw takenDownError(wrong);
}

/** What is missing is told before anything is changed. */
async function openJournal(
  { plan, facts }: Prepared,
  { host, keeper }: ApplyContext,
  { journal: path, id, verb, process, confirm, cutOff, goOn }: Run,
): Promise<JournalKeeper> {
  if (!goOn) await checkTools(plan, host.exec);
  const head: JournalHead = {
    run: id,
    verb,
    process,
    since: new Date().toISOString(),
    ...(confirm === undefined ? {} : { confirm }),
    ledger: keeper.ledger,
    before: facts.owned.map(objectText),
  };
  return cutOff ? continueJournal(host.files, path, cutOff, head) : startJournal(host.files, path, head);
}

async function checkTools({ steps }: Plan, exec: Exec): Promise<void> {
  if (steps.some((step) => 'flows' in step.do)) await runOrFail(exec, ['conntrack', '--version']);
}

/** @returns what went wrong, where that does not keep the rest from being done */
async function runPlan(
  target: Target,
  prepared: Prepared,
  context: ApplyContext,
  run: Run,
  journal: JournalKeeper,
): Promise<Pick<Settled, 'notReady'> & { readonly wrong: string[] }> {
  const { keeper } = context;
  const { desired, plan, facts } = prepared;
  await run.started?.(journal.journal);
  await keeper.save(ledgerBefore(facts.ledger, desired, plan, facts));
  const failed: string[] = [];
  let next = (): Plan => plan;
  let { notReady } = desired;
  const left = await untilSettled(async () => {
    if (failed.length === 0) failed.push(...(await runSteps(next(), context, run, journal)));
    const settled = await settle(target, context, run.signal, prepared);
    ({ next, notReady } = settled);
    return settled.left;
  });
  const wrong = [...failed, ...left];
  if (wrong.length > 0 && !run.goOn) throw notAsSetError(wrong);
  // From here on it is done: what comes later is too late.
  await stopIfInterrupted(run.signal);
  if (run.confirm !== undefined) await journal.waitUntil(new Date(Date.now() + run.confirm * 1000));
  if (wrong.length === 0) await run.record?.(run.id, true);
  if (run.confirm === undefined) await journal.close();
  return { wrong, notReady };
}

async function runSteps(
  { steps }: Plan,
  context: ApplyContext,
  { signal, goOn = false, force = false }: Pick<Run, 'signal' | 'goOn' | 'force'>,
  journal?: JournalKeeper,
): Promise<string[]> {
  const failed: string[] = [];
  for (const [index, step] of steps.entries()) {
    await stopIfInterrupted(signal);
    context.progress?.(stepWork(step, index, steps.length));
    await journal?.begin(step);
    try {
      await perform(step.do, context, signal);
    } catch (error) {
      if (!goOn || isInterruption(error)) throw error;
      if (step.closes && !force) throw notClosedError(error);
      failed.push(messageOf(error));
    }
  }
  return failed;
}

/** Nothing is to be done, but the ledger may know of more than there still is. */
async function settleAlone(
  prepared: Prepared,
  context: ApplyContext,
  { id, record }: Run,
): Promise<readonly NotReady[]> {
  const { left, notReady } = await settleAs(prepared, context);
  if (left.length > 0) throw notAsSetError(left);
  await record?.(id, false);
  return notReady;
}

interface Settled {
  /** what is still to be done */
  readonly left: readonly string[];
  /** and how */
  readonly next: () => Plan;
  readonly notReady: readonly NotReady[];
}

/** Believes nothing but what the host says now: what is still to be done. Without any, the ledger is settled. */
async function settle(
  target: Target,
  context: ApplyContext,
  signal: AbortSignal | undefined,
  known?: Compared,
): Promise<Settled> {
  const { keeper, progress } = context;
  progress?.({ what: 'looking whether this host is as wanted' });
  const { host } = target;
  const interruptible = { ...target, host: interruptibleHost(host, signal), progress: undefined };
  const compared = await compareHost(interruptible, keeper.ledger, known);
  if (known && target.role.networks.length > 0) requireAnswers(known, compared);
  return settleAs(compared, context);
}

/** An engine that has answered before the first step: what it has done since is not known. */
function requireAnswers(before: Compared, { facts: { silentEngines = {} } }: Compared): void {
  const known = before.facts.silentEngines ?? {};
  for (const [engine, { why, hint }] of Object.entries(silentEngines)) {
    if (!(engine in known)) throw new MustredirectError('failed', why, { hint });
  }
}

async function settleAs({ actual, desired, facts }: Compared, { keeper }: ApplyContext): Promise<Settled> {
  const changes = compareStates(actual, desired.wanted);
  if (changes.length === 0) await keeper.save(ledgerAfter(keeper.ledger, desired, facts));
  const { notReady } = desired;
  return { left: changes.map(changeText), next: () => makePlan(actual, desired), notReady };
}

function notAsSetError(left: readonly string[]): MustredirectError {
  return new MustredirectError('failed', `the host still differs from what was set: ${left.join('; ')}`, {
    hint: 'another program on this host may be changing it at the same time',
  });
}

function notClosedError(cause: unknown): MustredirectError {
  return new MustredirectError(
    'failed',
    `nothing is taken away, because flows could not be blocked: ${messageOf(cause)}`,
    {
      hint: 'fix the cause and run it again; `mustredirect destroy --force` takes everything away without blocking',
      cause,
    },
  );
}

function takenDownError(wrong: readonly string[]): MustredirectError {
  return new MustredirectError('failed', `some steps failed: ${wrong.join('; ')}`, {
    hint: 'everything else is done; fix the cause and run it again',
  });
}
