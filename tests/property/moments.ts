/** Every moment of a plan: after each step, and inside of a batch after each of its lines. */
import { openLedger } from '../../src/apply/ledger-keeper.ts';
import { perform } from '../../src/apply/perform.ts';
import { type Target, prepare } from '../../src/apply/prepare.ts';
import type { Action } from '../../src/plan/action.ts';
import { ledgerPath } from '../scenario/play.ts';

/** @param look called after each move, with what was just done */
export async function walkMoments(target: Target, look: (move: string) => void): Promise<void> {
  const keeper = await openLedger(target.host.files, ledgerPath);
  const { plan } = await prepare(target, keeper.ledger);
  for (const move of plan.steps.flatMap((step) => movesOf(step.do))) {
    await perform(move, { ...target, keeper });
    look(JSON.stringify(move));
  }
}

function movesOf(action: Action): Action[] {
  return action.kind === 'ip' ? action.lines.map((line) => ({ ...action, lines: [line] })) : [action];
}
