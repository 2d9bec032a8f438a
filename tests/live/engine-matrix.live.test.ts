/** The engine matrix: whatever made the network, and whatever a container sends, it leaves by the gateway as itself. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { runRound } from './engine-matrix/cell.ts';
import { type Container, findContainer, startContainer } from './engine-matrix/container.ts';
import { matrixEngines } from './engine-matrix/engines.ts';
import { eventsOf } from './engine-matrix/events.ts';
import { faultsOf, faultsOfControl, faultsOfPublished } from './engine-matrix/judge.ts';
import { startNameServer } from './engine-matrix/name-server.ts';
import { type Asker, type PublishedCell, askPublished, askers, joinLan } from './engine-matrix/published.ts';
import { type PublishedRow, type RoundRow, pageText, versionsOf } from './engine-matrix/table.ts';
import { mustSucceed } from './program.ts';

const page = fileURLToPath(new URL('../../docs/engines.md', import.meta.url));
const versions: string[] = [];
const rounds: RoundRow[] = [];
const afterEvents: RoundRow[] = [];
const published: PublishedRow[] = [];

const containers = [
  { name: 'before', network: network.name, port: 8081 },
  { name: 'after', network: network.name, port: 8082 },
] as const;

describe.each(await matrixEngines())('$name', (engine) => {
  const started = new Map<string, Container>();
  let world: World;

  beforeAll(async () => {
    world = await engine.create();
    const { node1, gw1, isp, upstream } = world.hosts;
    const text = exampleFile(world.engine.engine);
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
    await Promise.all([startNameServer(isp), startNameServer(upstream), joinLan(world)]);
    await world.containers.createNetwork(network.name, network.subnet);
    versions.push(await versionsOf(engine.name, world));
  });

  afterAll(() => world?.down());

  it('control: with nothing applied, every kind is seen elsewhere', async () => {
    const before = await startContainer(world, engine, containers[0]);
    started.set('before', before);
    expect(faultsOfControl(await runRound(world, before))).toEqual([]);
  });

  it('is redirected by apply', async () => {
    for (const host of [world.hosts.gw1, world.hosts.node1]) await mustSucceed(host, 'apply', '--yes');
    started.set('after', await startContainer(world, engine, containers[1]));
    expect(await mustSucceed(world.hosts.node1, 'plan')).toContain('nothing to do');
  });

  it.each(containers)('sends what container $name sends by the gateway', async ({ name }) => {
    const container = get(name);
    const round = await runRound(world, container);
    rounds.push({ engine: engine.name, families: 'IPv4', after: name, own: container.address, round });
    expect(faultsOf(round, container.address)).toEqual([]);
  });

  it.each(engine.program ? containers : [])(
    'answers at the published port of container $name the way the question came',
    async ({ name, port }) => {
      const cells: Partial<Record<Asker, PublishedCell>> = {};
      for (const asker of askers) cells[asker] = await askPublished(world, asker, port);
      const all = cells as Record<Asker, PublishedCell>;
      published.push({ engine: engine.name, families: 'IPv4', container: name, cells: all });
      expect(faultsOfPublished(all)).toEqual([]);
    },
  );

  it.each(engine.program ? askers.slice(1, 2) : [])(
    'control: an answer to %s that goes to the gateway is seen there',
    async (asker) => {
      const { node1 } = world.hosts;
      await node1.run(['ip', 'rule', 'del', 'preference', '4000']);
      const { atGateway } = await askPublished(world, asker, containers[0].port);
      await mustSucceed(node1, 'apply', '--yes');
      expect(atGateway).toBeGreaterThan(0);
    },
  );

  it.each(engine.program ? eventsOf(engine.program) : [])('keeps the source after $name', async (event) => {
    await event.run(world);
    const container = await findContainer(world, engine.program ?? '', 'before', network.name);
    const round = await runRound(world, container);
    afterEvents.push({
      engine: engine.name,
      families: 'IPv4',
      after: event.name,
      own: container.address,
      round,
    });
    expect(faultsOf(round, container.address)).toEqual([]);
  });

  function get(name: string): Container {
    const container = started.get(name);
    if (!container) throw new Error(`container ${name} was not started`);
    return container;
  }
});

describe('docs/engines.md', () => {
  it('says what was found', async () => {
    const text = pageText({ versions, rounds, afterEvents, published });
    process.stdout.write(`\n${text}\n`);
    if (process.env['ENGINE_MATRIX'] === 'write') await writeFile(page, text);
    const written = (await readFile(page, 'utf8')).split('\n');
    // An engine that this machine lacks is not looked at.
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    expect(rows.filter((row) => !written.includes(row))).toEqual([]);
  });
});
