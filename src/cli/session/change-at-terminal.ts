/** Prints the plan, asks, and reports; shared by `apply`, `rollback` and `destroy`. */
import { type HostChange, type RunResult, changeHost } from '../../apply/run/change-host.ts';
import { MustredirectError } from '../../error.ts';
import { planLines } from '../../plan/print.ts';
import type { Plan } from '../../plan/step.ts';
import { planJson, printPlan } from '../terminal/print-plan.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ChangeOptions {
  readonly yes?: true | undefined;
  readonly json?: true | undefined;
  /** seconds to wait for another run to end */
  readonly wait: number;
}

export interface ShownChange extends Omit<HostChange, 'wait' | 'show' | 'ask' | 'onOutdated'> {
  readonly options: ChangeOptions;
  readonly title: string;
  readonly done: string;
}

export async function changeAtTerminal(terminal: Terminal, change: ShownChange): Promise<void> {
  const { options, title } = change;
  const changed = await changeHost(terminal, {
    ...change,
    wait: options.wait,
    show(plan) {
      if (!options.json) printPlan(plan, terminal, title);
    },
    ask: options.yes ? undefined : (plan) => ask(terminal, change, plan),
    onOutdated() {
      terminal.tell(
        `\n${terminal.paintStderr('yellow', 'this host has changed meanwhile')}, and so has the plan\n`,
      );
    },
  });
  if (!changed) {
    terminal.tell('nothing was changed');
    return terminal.setExitStatus(1);
  }
  report(terminal, change, changed);
  // Applied as far as possible; with this status, systemd retries at boot.
  if (changed.notReady.length > 0) terminal.setExitStatus(3);
}

async function ask(terminal: Terminal, { options, verb }: ShownChange, plan: Plan): Promise<boolean> {
  if (planLines(plan).length === 0) return true;
  if (terminal.interactive && !options.json) return terminal.confirm('\nGo on?');
  throw new MustredirectError('usage', `${verb} changes this host and has nobody to ask`, {
    hint: `look at \`mustredirect plan\`, then run \`mustredirect ${verb} --yes\``,
  });
}

function report(terminal: Terminal, change: ShownChange, { prepared, interference }: RunResult): void {
  const { plan } = prepared;
  if (change.options.json) {
    const found = change.findInterference ? { interference } : {};
    return terminal.print(JSON.stringify({ ...planJson(prepared), ...found }, null, 2));
  }
  if (planLines(plan).length > 0) terminal.print(doneText(terminal, change, plan));
  for (const { problem, remedy } of interference) terminal.tell(`${problem}\n  ${remedy}`, 'warning');
}

function doneText(terminal: Terminal, { done }: ShownChange, { waiting, notReady }: Plan): string {
  if (notReady.length > 0) return `${done}, except for what is not ready: that is closed`;
  return waiting.length === 0 ? terminal.paint('green', done) : `${done}, except for what waits`;
}
