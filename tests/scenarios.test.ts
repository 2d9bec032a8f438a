/**
 * Runs each scenario, from file to host, on the fake host. `UPDATE_SCENARIOS=1 npx vitest run --project unit
 * tests/scenarios.test.ts` writes the plans into the scenario files, for review before they are committed. With CI set,
 * it never writes.
 */
import { describe, expect, it } from 'vitest';
import { checkPlayed } from './scenario/check.ts';
import { setFakeStage } from './scenario/fake-stage.ts';
import { play } from './scenario/play.ts';
import { rewriteScenario } from './scenario/rewrite.ts';
import { readScenarios } from './scenario/scenario.ts';

const { UPDATE_SCENARIOS, CI } = process.env;

describe('scenarios on the fake host', () => {
  it.each(readScenarios())('$name', async (scenario) => {
    const stage = await setFakeStage(scenario);
    const played = await play(scenario, stage);
    if (UPDATE_SCENARIOS && !CI) await rewriteScenario(scenario, played);
    else checkPlayed(scenario, played);
    expect(played.runs).toHaveLength(scenario.runs.length);
  });
});
