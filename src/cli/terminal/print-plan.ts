/** Prints a plan as text or JSON. */
import type { Prepared } from '../../inspect/prepare.ts';
import type { NotReady } from '../../desired/redirect.ts';
import { notReadyText } from '../../plan/not-ready.ts';
import { planLines } from '../../plan/print.ts';
import type { Plan, PlanLine } from '../../plan/step.ts';
import type { Terminal } from './terminal.ts';

/** a longer line has its reason on the next line */
const widest = 72;
const colors = { '+': 'green', '-': 'red', '~': 'yellow', '*': 'dim' } as const;

export function printPlan(plan: Plan, terminal: Terminal, title: string): void {
  const lines = planLines(plan);
  terminal.print(lines.length === 0 ? `${title}: nothing to do` : `${title}:\n`);
  if (lines.length > 0) {
    // `Math.max` cannot take a hundred thousand arguments.
    const width = lines.reduce(
      (most, { text }) => (text.length > widest ? most : Math.max(most, text.length)),
      0,
    );
    // One write for all lines: each print is a system call, and there may be ten thousand lines.
    terminal.print(lines.map((line) => formatLine(line, width, terminal)).join('\n'));
    terminal.print(`\n${countLines(lines)}`);
  }
  for (const text of plan.waiting) terminal.print(`${terminal.paint('yellow', 'waiting:')} ${text}`);
  for (const line of notReadyLines(plan.notReady, terminal)) terminal.print(line);
  for (const { message, hint } of plan.warnings) {
    terminal.print(`${terminal.paint('yellow', 'warning:')} ${message}\n  ${hint}`);
  }
}

/** Lists what is blocked until it is ready, with a hint. */
export function notReadyLines(found: readonly NotReady[], terminal: Terminal): string[] {
  return found.map((one) => `${terminal.paint('red', 'not ready:')} ${notReadyText(one)}\n  ${one.hint}`);
}

/** JSON for `--json`. */
export function planJson({ plan, desired }: Prepared): object {
  return {
    steps: plan.steps,
    waiting: plan.waiting,
    notReady: plan.notReady,
    warnings: plan.warnings,
    gateways: desired.numbers.gateways,
    members: desired.numbers.members,
    bypassBit: desired.numbers.bypassBit,
    checkedBit: desired.numbers.checkedBit,
    ownerBit: desired.numbers.ownerBit,
  };
}

function formatLine({ sign, text, why }: PlanLine, width: number, terminal: Terminal): string {
  const gap = text.length > widest ? `\n${' '.repeat(width + 7)}` : ' '.repeat(width - text.length + 3);
  return `  ${terminal.paint(colors[sign], sign)} ${text}${gap}${terminal.paint('dim', why)}`;
}

function countLines(lines: readonly PlanLine[]): string {
  const count = (sign: PlanLine['sign']): number => lines.filter((line) => line.sign === sign).length;
  const objects = `${count('+')} to add, ${count('~')} to change, ${count('-')} to remove`;
  return count('*') === 0 ? objects : `${objects}, ${count('*')} to run`;
}
