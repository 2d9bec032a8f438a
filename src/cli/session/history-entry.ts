/** What is written down of a run. */
import type { HistoryEntry } from '../../apply/history.ts';
import type { Plan } from '../../plan/step.ts';
import { planLines } from '../terminal/print-plan.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** of a plan, so many lines */
const kept = 20;

export function happening({ user }: Pick<Terminal, 'user'>, run: string, plan?: Plan): HistoryEntry {
  const lines = plan ? planLines(plan).map(({ sign, text }) => `${sign} ${text}`) : [];
  return {
    run,
    time: new Date().toISOString(),
    user,
    changes: lines.slice(0, kept),
    more: Math.max(0, lines.length - kept),
  };
}
