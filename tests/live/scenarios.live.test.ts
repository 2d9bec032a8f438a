/**
 * Scenarios of the unit tests on the real kernel: the same files and plans, with the programs ip and nft in a network
 * namespace. They prove that the fake host behaves like a real one. Scenarios with podman run only on the fake host;
 * engines.live.test.ts runs podman itself.
 */
import { describe, expect, it } from 'vitest';
import { checkPlayed } from '../scenario/check.ts';
import { setLiveStage } from '../scenario/live-stage.ts';
import { play } from '../scenario/play.ts';
import { readScenarios } from '../scenario/scenario.ts';
import { aShareOf } from '../thorough.ts';

describe('scenarios on the real kernel', () => {
  const scenarios = readScenarios().filter(({ fakeOnly }) => fakeOnly === undefined);

  it.each(aShareOf(scenarios, 3))('$name', async (scenario) => {
    await using stage = await setLiveStage(scenario, `scenario-${process.pid}`);
    const played = await play(scenario, stage);
    // Without this check, two empty dumps of an unreadable host would be equal.
    expect(played.start).toContain('lookup main');
    checkPlayed(scenario, played);
  });
});
