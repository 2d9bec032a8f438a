/** Brings a host to the wanted state, or back to the one that it was in. */
import { MustredirectError } from '../error.ts';
import { runOrFail } from '../host/exec.ts';
import { compareStates } from '../plan/compare.ts';
import { printChange } from '../plan/print.ts';
import type { Plan, Step } from '../plan/step.ts';
import type { Ledger } from '../state/ledger.ts';
import { ledgerAfter, ledgerBefore } from './ledger-keeper.ts';
import { type Workplace, perform, performUndo } from './perform.ts';
import { type Prepared, type Target, prepare } from './prepare.ts';

export interface ApplyOptions {
  /** asked before each step; the user pressed Ctrl-C */
  readonly interrupted?: () => boolean;
  /** taking down: a step that fails keeps none of the others from being done, and nothing is put back */
  readonly goOn?: boolean;
}

/** Runs the plan. When a step fails, or the host is not as wanted afterwards, all is undone and it rejects. */
export async function applyPlan(
  target: Target,
  prepared: Prepared,
  workplace: Workplace,
  options: ApplyOptions = {},
): Promise<void> {
  const { desired, plan, facts } = prepared;
  const { keeper } = workplace;
  const before = keeper.ledger;
  const done: Step[] = [];
  const failed: string[] = [];
  try {
    if (!options.goOn) await checkTools(plan, workplace);
    await keeper.save(ledgerBefore(facts.ledger, desired, plan, facts));
    await runSteps(plan, done, failed, workplace, options);
    if (createsNetwork(plan)) {
      // An engine tells only now what it calls the bridge of a network that it has made.
      const now = await prepare(target, keeper.ledger);
      await runSteps(now.plan, done, failed, workplace, options);
    }
    if (!options.goOn) await finish(target, workplace);
  } catch (cause) {
    throw undoneError(cause, await undo(done, before, target, prepared, workplace));
  }
  if (options.goOn) await finishTakingDown(target, failed, workplace);
}

async function runSteps(
  { steps }: Pick<Plan, 'steps'>,
  done: Step[],
  failed: string[],
  workplace: Workplace,
  { interrupted, goOn = false }: ApplyOptions,
): Promise<void> {
  for (const step of steps) {
    if (interrupted?.()) throw new MustredirectError('interrupted', 'interrupted');
    // A network that could not be made may be somebody else's: it is none that undoing may take away.
    if (step.do.kind !== 'create-network') done.push(step);
    try {
      await perform(step.do, workplace);
    } catch (error) {
      if (!goOn) throw error;
      failed.push(messageOf(error));
    }
    if (step.do.kind === 'create-network') done.push(step);
  }
}

function createsNetwork({ steps }: Plan): boolean {
  return steps.some((step) => step.do.kind === 'create-network');
}

/** What is missing is told before anything is changed. */
async function checkTools({ steps }: Plan, { host }: Workplace): Promise<void> {
  if (steps.some((step) => step.do.kind === 'forget-flows'))
    await runOrFail(host.exec, ['conntrack', '--version']);
}

async function finish(target: Target, workplace: Workplace): Promise<void> {
  const left = await settle(target, workplace);
  if (left.length === 0) return;
  throw new MustredirectError('failed', `the host does not have what was set: ${left.join('; ')}`, {
    hint: 'something else on this host may be changing it at the same time',
  });
}

async function finishTakingDown(
  target: Target,
  failed: readonly string[],
  workplace: Workplace,
): Promise<void> {
  const wrong = [...failed, ...(await settle(target, workplace))];
  if (wrong.length === 0) return;
  throw new MustredirectError('failed', `not everything went as it should: ${wrong.join('; ')}`, {
    hint: 'everything else is done; mend the cause and run it again',
  });
}

/** Believes nothing but what the host says now: what is still to be done. Without any, the ledger is settled. */
async function settle(target: Target, { keeper }: Workplace): Promise<string[]> {
  const { actual, desired, facts } = await prepare(target, keeper.ledger);
  const left = compareStates(actual, desired.wanted).map(printChange);
  if (left.length === 0) await keeper.save(ledgerAfter(keeper.ledger, desired, facts));
  return left.map(({ sign, text }) => `${sign} ${text}`);
}

/** Goes on after an error, and tells what is not as before: nothing when all is. */
async function undo(
  begun: readonly Step[],
  before: Ledger,
  target: Target,
  prepared: Prepared,
  workplace: Workplace,
): Promise<string[]> {
  const failed: string[] = [];
  const note = (error: unknown): void => void failed.push(messageOf(error));
  for (const step of [...begun].reverse()) {
    if (step.undo) await performUndo(step.undo, workplace).catch(note);
  }
  // What was decided meanwhile was decided for a way that is not taken any more.
  for (const step of begun) {
    if (step.do.kind === 'forget-flows') await perform(step.do, workplace).catch(note);
  }
  try {
    const after = await prepare(target, workplace.keeper.ledger);
    const wanted = prepared.actual.map((object) => ({ object, why: 'as it was before' }));
    const changes = compareStates(after.actual, wanted);
    if (changes.length > 0) return [...failed, `${changes.length} objects differ`];
    // Only now: what could not be undone must still be given back one day.
    await workplace.keeper.save(before);
    return [];
  } catch (error) {
    note(error);
    return failed;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function undoneError(cause: unknown, left: readonly string[]): MustredirectError {
  const { message, code, hint } =
    cause instanceof MustredirectError ? cause : new MustredirectError('failed', messageOf(cause));
  const state =
    left.length === 0
      ? 'everything is as it was before'
      : `not everything could be undone: ${left.join('; ')}`;
  return new MustredirectError(code === 'interrupted' ? code : 'failed', `${message}; ${state}`, {
    hint: left.length === 0 ? hint : 'run `mustredirect apply` again, or `mustredirect destroy`',
    cause,
  });
}
