/**
 * The scenarios of the unit tests on the real kernel: the same files, the same plans, by the programs ip and
 * nft in a network namespace. So what the fake host says is what the real one says.
 * Those with podman are played on the fake host alone: podman itself is run in engines.live.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { checkPlayed } from '../scenario/check.ts';
import { setLiveStage } from '../scenario/live-stage.ts';
import { play } from '../scenario/play.ts';
import { readScenarios } from '../scenario/scenario.ts';

describe('scenarios on the real kernel', () => {
  const scenarios = readScenarios().filter(({ fakeOnly }) => fakeOnly === undefined);

  it.each(scenarios)('$name', async (scenario) => {
    await using stage = await setLiveStage(scenario, `scenario-${process.pid}`);
    const played = await play(scenario, stage);
    // A host that could not be read would be equal to itself.
    expect(played.start).toContain('lookup main');
    checkPlayed(scenario, played);
  });
});
