/** What `apply` and `destroy` share: the lock, the question, the run, the report. */
import { applyPlan } from '../apply/apply.ts';
import { openLedger } from '../apply/ledger-keeper.ts';
import { type Target, prepare } from '../apply/prepare.ts';
import { MustredirectError } from '../error.ts';
import { takeLock } from '../host/lock.ts';
import { planJson, planLines, printPlan, refuse } from './print-plan.ts';
import type { Ground } from './session.ts';
import type { Terminal } from './terminal.ts';

export interface ChangeOptions {
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
}

export interface Change {
  /** `apply` or `destroy` */
  readonly verb: string;
  readonly title: string;
  readonly done: string;
}

export async function changeHost(
  terminal: Terminal,
  ground: Ground,
  target: Target,
  options: ChangeOptions,
  change: Change,
): Promise<void> {
  const { host, places, engines } = ground;
  const lock = await takeLock(places.lock, `${change.verb}, process ${terminal.pid}`);
  try {
    const keeper = await openLedger(host.files, places.ledger);
    const prepared = await prepare(target, keeper.ledger);
    refuse(prepared.desired.refusals, terminal);
    if (!options.json) printPlan(prepared.plan, terminal, change.title);
    const changes = planLines(prepared.plan).length;
    if (changes > 0 && !(await agreed(terminal, options, change.verb))) {
      terminal.tell('nothing was changed');
      return;
    }
    terminal.watchInterrupts();
    await applyPlan(target, prepared, { host, engines, keeper }, { interrupted: terminal.interrupted });
    if (options.json) terminal.print(JSON.stringify(planJson(prepared), null, 2));
    else if (changes > 0) terminal.print(terminal.paint('green', change.done));
  } finally {
    lock.release();
  }
}

async function agreed(terminal: Terminal, options: ChangeOptions, verb: string): Promise<boolean> {
  if (options.yes) return true;
  if (terminal.interactive && !options.json) return terminal.confirm('\nGo on?');
  throw new MustredirectError('usage', `${verb} changes this host and has nobody to ask`, {
    hint: `look at \`mustredirect plan\`, then run \`mustredirect ${verb} --yes\``,
  });
}
