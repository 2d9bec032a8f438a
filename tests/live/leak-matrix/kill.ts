/** Rows of runs that are killed at each boundary between two steps, and of the run that follows. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHost } from '../../../src/lab/test-host.ts';
import type { World } from '../../../src/lab/world.ts';
import { type Boundary, atBoundaries, runKilled } from '../killed.ts';
import { mustSucceed } from '../program.ts';
import { declaredWayIsOpen } from './declared-way.ts';
import type { Step } from './event.ts';
import { families } from './families.ts';
import { whileQuiet } from './sender.ts';
import { type Seen, listSeen, watchElsewhere } from './watch.ts';

export interface Journey {
  readonly name: string;
  readonly host: 'node1' | 'gw1';
  /** steps to the initial state: redirected, or at least blocked */
  readonly begin: readonly Step[];
  /** arguments of the run that is killed */
  readonly args: readonly string[];
}

/** Result for all boundaries of one run. */
export interface KillRow {
  readonly journey: Journey;
  readonly boundaries: number;
  /** faults, with their boundary; empty when the result is as expected */
  readonly faults: readonly string[];
}

/** milliseconds of traffic between the kill and the next run */
const traffic = 100;

export async function runKillRow(world: World, journey: Journey): Promise<KillRow> {
  const faults: string[] = [];
  const boundaries = await atBoundaries(async (boundary) => {
    const killed = await runKillCell(world, journey, boundary);
    if (killed.wasKilled) faults.push(...killed.faults.map((fault) => `boundary ${boundary}: ${fault}`));
    return killed.wasKilled;
  });
  return { journey, boundaries, faults };
}

async function runKillCell(
  world: World,
  { host, begin, args }: Journey,
  boundary: Boundary,
): Promise<{ readonly wasKilled: boolean; readonly faults: readonly string[] }> {
  const { node1, upstream } = world.hosts;
  const stop = (): Promise<Seen> => watch.stop((read) => whileQuiet(node1, read));
  for (const step of begin) await step(world);
  const watch = await watchElsewhere(world);
  const wasKilled = await runKilled(world.hosts[host], boundary, ...args);
  await sleep(traffic);
  // Without our last object, the host is an ordinary one, and its containers use its default route: the capture ends.
  const early = (await isTakenAway(world.hosts[host])) ? await stop() : undefined;
  await mustSucceed(world.hosts[host], 'apply', '--yes');
  const open = await declaredWayIsOpen(upstream);
  const seen = early ? undefined : await stop();
  return {
    wasKilled,
    faults: [
      ...(seen ? listSeen(seen) : []),
      ...families
        .filter((family) => !open[family])
        .map((family) => `not everything of IPv${family} comes by the declared way again`),
    ],
  };
}

async function isTakenAway(host: TestHost): Promise<boolean> {
  const table = await host.exec.run(['nft', 'list', 'table', 'inet', 'mustredirect']);
  const rules = await host.run(['sh', '-c', 'ip -4 rule; ip -6 rule']);
  return table.exitCode !== 0 && !rules.includes('proto 136');
}
