/** What `apply` and `destroy` share: the question, the lock, the run, the report. */
import { applyPlan } from '../apply/apply.ts';
import { openLedger } from '../apply/ledger-keeper.ts';
import { type Target, prepare } from '../apply/prepare.ts';
import { MustredirectError } from '../error.ts';
import { createBackground } from '../host/background.ts';
import { takeLock } from '../host/lock.ts';
import type { Plan } from '../plan/step.ts';
import { planJson, planLines, printPlan, refuse } from './print-plan.ts';
import { type Ground, look } from './session.ts';
import type { Terminal } from './terminal.ts';

export interface ChangeOptions {
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
}

export interface Change {
  readonly ground: Ground;
  readonly target: Target;
  readonly options: ChangeOptions;
  /** `apply` or `destroy` */
  readonly verb: string;
  readonly title: string;
  readonly done: string;
  /** a step that fails keeps none of the others from being done */
  readonly goOn?: boolean;
}

/**
 * The lock is not held while somebody thinks, so the plan is made again under it: what runs is what was
 * agreed to, or the question is asked again.
 */
export async function changeHost(terminal: Terminal, change: Change): Promise<void> {
  for (;;) {
    const agreed = change.options.yes ? 'any' : await agree(terminal, change);
    if (agreed === undefined) {
      terminal.tell('nothing was changed');
      return terminal.setExitStatus(1);
    }
    if (await changeLocked(terminal, change, agreed)) return;
    terminal.tell(
      `\n${terminal.paintTold('yellow', 'this host has changed meanwhile')}, and so has the plan\n`,
    );
  }
}

/** Shows the plan. Gives it back when the user wants it, or when there is nothing to ask. */
async function agree(terminal: Terminal, change: Change): Promise<Plan | undefined> {
  const { plan, desired } = await look(change.ground, change.target);
  refuse(desired.refusals, terminal);
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
  const { ground, target, options } = change;
  const { host, places, engines } = ground;
  const lock = await takeLock({ background: createBackground(), files: host.files }, places.lock, {
    who: `${change.verb}, process ${terminal.pid}`,
  });
  try {
    const keeper = await openLedger(host.files, places.ledger);
    const prepared = await prepare(target, keeper.ledger);
    refuse(prepared.desired.refusals, terminal);
    if (agreed === 'any') show(terminal, change, prepared.plan);
    else if (!sameSteps(agreed, prepared.plan)) return false;
    terminal.watchInterrupts();
    await applyPlan(
      target,
      prepared,
      { host, engines, keeper },
      {
        interrupted: terminal.interrupted,
        goOn: change.goOn ?? false,
      },
    );
    if (options.json) terminal.print(JSON.stringify(planJson(prepared), null, 2));
    else if (planLines(prepared.plan).length > 0) terminal.print(doneText(terminal, change, prepared.plan));
    return true;
  } finally {
    await lock.release();
  }
}

function doneText(terminal: Terminal, { done }: Change, { waiting }: Plan): string {
  return waiting.length === 0 ? terminal.paint('green', done) : `${done}, except for what waits`;
}

function show(terminal: Terminal, { options, title }: Change, plan: Plan): void {
  if (!options.json) printPlan(plan, terminal, title);
}

function sameSteps(a: Plan, b: Plan): boolean {
  return JSON.stringify(a.steps) === JSON.stringify(b.steps);
}
