/** Prints changes as plan lines. */
import { type Change, objectKindOf } from '../kinds/index.ts';
import type { Plan, PlanLine } from './step.ts';

export function planLines(plan: Plan): PlanLine[] {
  return plan.steps.flatMap((step) => step.lines);
}

export function printChange(change: Change): PlanLine {
  switch (change.kind) {
    case 'add':
      return { sign: '+', text: objectKindOf(change.to).print(change.to), why: change.why };
    case 'remove':
      return { sign: '-', text: objectKindOf(change.from).print(change.from), why: 'no longer needed' };
    case 'change':
      return printDifference(change);
  }
}

/** Plan line without its reason: `+ rule 4200: from 10.89.4.0/24 prohibit`. */
export function changeText(change: Change): string {
  const { sign, text } = printChange(change);
  return `${sign} ${text}`;
}

function printDifference({ from, to, why }: Extract<Change, { kind: 'change' }>): PlanLine {
  const kind = objectKindOf(to);
  const text = kind.printDifference?.(from, to) ?? kind.print(to);
  return { sign: kind.describesOthers?.(to) ? '*' : '~', text, why };
}
