/** A plan for people, and for programs. */
import type { Prepared } from '../../inspect/prepare.ts';
import type { NotReady, Refusal } from '../../desired/redirect.ts';
import { notReadyText } from '../../plan/not-ready.ts';
import type { Plan, PlanLine } from '../../plan/step.ts';
import { tellFailure } from './print-error.ts';
import { ReportedError } from './reported-error.ts';
import type { Terminal } from './terminal.ts';

/** what is longer gets its reason on the next line */
const widest = 72;
const colors = { '+': 'green', '-': 'red', '~': 'yellow', '*': 'dim' } as const;

export function printPlan(plan: Plan, terminal: Terminal, title: string): void {
  const lines = planLines(plan);
  terminal.print(lines.length === 0 ? `${title}: nothing to do` : `${title}:\n`);
  if (lines.length > 0) {
    // Of a hundred thousand lines: too many to be the arguments of `Math.max`.
    const width = lines.reduce(
      (most, { text }) => (text.length > widest ? most : Math.max(most, text.length)),
      0,
    );
    // At once: each print is a write of its own, and there may be ten thousand lines.
    terminal.print(lines.map((line) => formatLine(line, width, terminal)).join('\n'));
    terminal.print(`\n${countLines(lines)}`);
  }
  for (const text of plan.waiting) terminal.print(`${terminal.paint('yellow', 'waiting:')} ${text}`);
  for (const line of notReadyLines(plan.notReady, terminal)) terminal.print(line);
  for (const { message, hint } of plan.warnings) {
    terminal.print(`${terminal.paint('yellow', 'warning:')} ${message}\n  ${hint}`);
  }
}

/** What is closed until somebody mends it, and how. */
export function notReadyLines(found: readonly NotReady[], terminal: Terminal): string[] {
  return found.map((one) => `${terminal.paint('red', 'not ready:')} ${notReadyText(one)}\n  ${one.hint}`);
}

/** For `--json`. */
export function planJson({ plan, desired }: Prepared): object {
  return {
    steps: plan.steps,
    waiting: plan.waiting,
    notReady: plan.notReady,
    warnings: plan.warnings,
    gateways: desired.numbers.gateways,
    bypassBit: desired.numbers.bypassBit,
    checkedBit: desired.numbers.checkedBit,
    ownerBit: desired.numbers.ownerBit,
  };
}

export function planLines(plan: Plan): PlanLine[] {
  return plan.steps.flatMap((step) => step.lines);
}

/** Going on would hurt: all reasons are told, then it ends. */
export function refuse(refusals: readonly Refusal[], terminal: Terminal): void {
  const [first, ...more] = refusals;
  if (!first) return;
  const report = { refusals };
  if (more.length === 0) throw new ReportedError('refused', first.message, { hint: first.hint }, report);
  for (const refusal of refusals) tellFailure(refusal, terminal);
  throw new ReportedError('refused', `refused for ${refusals.length} reasons`, {}, report);
}

function formatLine({ sign, text, why }: PlanLine, width: number, terminal: Terminal): string {
  const gap = text.length > widest ? `\n${' '.repeat(width + 7)}` : ' '.repeat(width - text.length + 3);
  return `  ${terminal.paint(colors[sign], sign)} ${text}${gap}${terminal.paint('dim', why)}`;
}

function countLines(lines: readonly PlanLine[]): string {
  const count = (sign: PlanLine['sign']): number => lines.filter((line) => line.sign === sign).length;
  const objects = `${count('+')} to add, ${count('~')} to change, ${count('-')} to take away`;
  return count('*') === 0 ? objects : `${objects}, ${count('*')} to do`;
}
