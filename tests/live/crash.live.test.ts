/** Runs killed at each boundary between two steps: the next run reaches the desired or the initial state. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { network } from '../../src/lab/layout.ts';
import type { LabEngine } from '../../src/lab/engine.ts';
import type { World } from '../../src/lab/world.ts';
import { type Boundary, atEachBoundary, runKilled } from './killed.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';

/** Fixes the table number: an allocated one is kept, and would depend on earlier runs. */
function fileWithTable(engine: LabEngine, table: number): string {
  return exampleFile(engine).replace(/^ *snat:.*$/m, (line) => `${line}\n    table: ${table}`);
}

const firstFile = (engine: LabEngine): string => fileWithTable(engine, 301);

/** File with another gateway and table. */
function otherFile(engine: LabEngine): string {
  return fileWithTable(engine, 300).replace('gw1: 192.168.50.2', 'gw1: 192.168.50.3');
}

/** Dump without the history, which has times and users. */
function withoutHistory(dump: HostDump): HostDump {
  const files = dump['files']?.filter((line) => !line.endsWith('.history')) ?? [];
  return { ...dump, files };
}

type State = 'clean' | 'first' | 'second';

/** This engine's networks are created and their files edited, so that plans have every kind of step. */
const [engine = 'external'] = await podmanEngines();

describe(`killed with ${engine}`, () => {
  let world: World;
  let clean: HostDump;

  beforeAll(async () => {
    world = await createTestWorld({ engine });
    await world.containers.createNetwork(network.name, network.subnet);
    clean = await dump();
  });
  afterAll(async () => {
    await world?.down();
  });

  async function dump(): Promise<HostDump> {
    const found = withoutHistory(await dumpHost(world.hosts.node1));
    return { ...found, files: found['files']?.filter((line) => !line.endsWith(filePath)) ?? [] };
  }

  const run = (...args: readonly string[]) => mustSucceed(world.hosts.node1, ...args);

  /** where node1 is: nothing applied, or one of the files */
  let at: State = 'clean';

  /** Goes there, if node1 is not there yet. The second file always comes after the first, which rollback goes back to. */
  async function goTo(state: State): Promise<void> {
    if (at === state) return;
    if (state === 'clean') await run('destroy', '--yes');
    else {
      if (state === 'second') await goTo('first');
      await applyFile(files[state]);
    }
    at = state;
  }

  async function applyFile(text: string): Promise<void> {
    await world.hosts.node1.files.replace(filePath, text);
    await run('apply', '--yes');
  }

  const files = { first: firstFile(engine), second: otherFile(engine) };
  const journeys = [
    { name: 'apply', from: 'clean', to: 'first', args: ['apply', '--yes'] },
    { name: 'change', from: 'first', to: 'second', args: ['apply', '--yes'] },
    { name: 'rollback', from: 'second', to: 'first', args: ['rollback', '--yes'] },
    { name: 'destroy', from: 'first', to: 'first', args: ['destroy', '--yes'] },
  ] as const;
  type Journey = (typeof journeys)[number];

  /** @param journey `to` is what `apply` leads to afterwards */
  async function killed({ from, to, args }: Journey, boundary: Boundary): Promise<boolean> {
    const { node1 } = world.hosts;
    await goTo(from);
    await node1.files.replace(filePath, files[to]);
    return runKilled(node1, boundary, ...args);
  }

  /** At this boundary, the run is complete and in the history; destroy leaves no history. */
  function isWrittenDown({ name }: Journey, boundary: Boundary): boolean {
    return boundary === 'last' && name !== 'destroy';
  }

  /** Runs what finishes or undoes the killed run, and compares. */
  async function ends(boundary: Boundary, state: State, wanted: HostDump, verb: string): Promise<void> {
    const { exitCode, stdout, stderr } = await mustredirect(world.hosts.node1, verb, '--yes');
    expect([boundary, verb, exitCode, `${stdout}${stderr}`]).toEqual([boundary, verb, 0, expect.anything()]);
    expect([boundary, verb, compareDumps(wanted, await dump())]).toEqual([boundary, verb, []]);
    at = state;
  }

  it.each(journeys)(
    '$name is finished or undone after a kill at any boundary',
    { timeout: 1_800_000 },
    async (journey) => {
      await goTo(journey.to);
      const wanted = await dump();
      const count = await atEachBoundary(async (boundary) => {
        if (!(await killed(journey, boundary))) {
          at = journey.name === 'destroy' ? 'clean' : journey.to;
          return false;
        }
        const isCutOff = (await run('status')).includes('was cut off after');
        expect([boundary, isCutOff]).toEqual([boundary, !isWrittenDown(journey, boundary)]);
        await ends(boundary, journey.to, wanted, 'apply');
        await killed(journey, boundary);
        await ends(boundary, 'clean', clean, 'destroy');
        return true;
      });
      expect(count).toBeGreaterThan(3);
    },
  );

  it('a change is undone exactly by rollback', { timeout: 1_800_000 }, async () => {
    const [, change] = journeys;
    await goTo('clean');
    await goTo('first');
    const before = await dump();
    await atEachBoundary(async (boundary) => {
      if (!(await killed(change, boundary))) {
        at = change.to;
        return false;
      }
      const { exitCode, stdout, stderr } = await mustredirect(world.hosts.node1, 'rollback', '--yes');
      expect([boundary, exitCode]).toEqual([boundary, 0]);
      expect(`${stdout}${stderr}`).toContain(
        isWrittenDown(change, boundary)
          ? 'done: this host is as it was'
          : 'everything is as it was before it',
      );
      expect([boundary, compareDumps(before, await dump())]).toEqual([boundary, []]);
      return true;
    });
  });
});
