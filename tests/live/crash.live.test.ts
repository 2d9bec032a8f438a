/** Runs killed at boundaries between two steps: the next run reaches the desired or the initial state. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type HostDump, compareDumps, dumpHost } from '../../src/lab/host-dump.ts';
import { network } from '../../src/lab/layout.ts';
import type { LabEngine } from '../../src/lab/engine.ts';
import type { World } from '../../src/lab/world.ts';
import { type Boundary, atBoundaries, runKilled } from './killed.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';
import { aShareOf, isThorough } from '../thorough.ts';

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

  async function applyFile(text: string): Promise<void> {
    await world.hosts.node1.files.replace(filePath, text);
    await run('apply', '--yes');
  }

  const first = (): Promise<void> => applyFile(firstFile(engine));
  const second = (): Promise<void> => applyFile(otherFile(engine));

  const journeys = [
    { name: 'apply', begin: async () => {}, file: firstFile(engine), args: ['apply', '--yes'] },
    { name: 'change', begin: first, file: otherFile(engine), args: ['apply', '--yes'] },
    {
      name: 'rollback',
      begin: async () => {
        await first();
        await second();
      },
      file: firstFile(engine),
      args: ['rollback', '--yes'],
    },
    { name: 'destroy', begin: first, file: firstFile(engine), args: ['destroy', '--yes'] },
  ];

  async function killed(journey: (typeof journeys)[number], boundary: Boundary): Promise<boolean> {
    const { node1 } = world.hosts;
    await run('destroy', '--yes');
    await journey.begin();
    await node1.files.replace(filePath, journey.file);
    return runKilled(node1, boundary, ...journey.args);
  }

  /** At this boundary, the run is complete and in the history; destroy leaves no history. */
  function isWrittenDown({ name }: (typeof journeys)[number], boundary: Boundary): boolean {
    return boundary === 'last' && name !== 'destroy';
  }

  it.each(aShareOf(journeys, 2))(
    '$name is finished or undone after a kill at any boundary',
    { timeout: 1_800_000 },
    async (journey) => {
      await killed(journey, 1000);
      await run('apply', '--yes');
      const wanted = await dump();
      const count = await atBoundaries(async (boundary) => {
        if (!(await killed(journey, boundary))) return false;
        const status = await run('status');
        const isCutOff = status.includes('was cut off after');
        expect([boundary, isCutOff]).toEqual([boundary, !isWrittenDown(journey, boundary)]);
        await run('apply', '--yes');
        expect([boundary, compareDumps(wanted, await dump())]).toEqual([boundary, []]);
        await killed(journey, boundary);
        await run('destroy', '--yes');
        expect([boundary, compareDumps(clean, await dump())]).toEqual([boundary, []]);
        return true;
      });
      expect(count).toBeGreaterThan(isThorough ? 3 : 0);
    },
  );

  it('is undone exactly by rollback', { timeout: 1_800_000 }, async () => {
    const change = journeys[1] as (typeof journeys)[number];
    await run('destroy', '--yes');
    await first();
    const before = await dump();
    await atBoundaries(async (boundary) => {
      if (!(await killed(change, boundary))) return false;
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
