/** Checks of a scenario that was played on the fake host or on a real kernel. */
import { expect } from 'vitest';
import type { Played } from './play.ts';
import type { Scenario } from './scenario.ts';

export function checkPlayed(scenario: Scenario, { runs, destroy, start, end }: Played): void {
  for (const [i, run] of runs.entries()) {
    const { plan, waiting, warnings, notReady, refusals } = scenario.runs[i] ?? {};
    expect(run).toMatchObject({ plan, waiting, warnings, notReady, refusals });
    expect(run.again).toBe('');
    expect(run.twice).toBe(run.once);
  }
  expect(destroy).toBe(scenario.destroy);
  expect(end).toBe(start);
}
