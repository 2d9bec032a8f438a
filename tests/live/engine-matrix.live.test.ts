/** Engine matrix: with any engine, all traffic of a container leaves by the gateway with its own address. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../../src/lab/world.ts';
import { runRound } from './engine-matrix/cell.ts';
import { type ContainerPlan, addressOf, findContainer, startContainer } from './engine-matrix/container.ts';
import { matrixEngines } from './engine-matrix/engines.ts';
import { eventsOf } from './engine-matrix/events.ts';
import { faultsOf, faultsOfControl, faultsOfPublished } from './engine-matrix/judge.ts';
import { startNameServer } from './engine-matrix/name-server.ts';
import { familiesOf, labelOf, networksOf, prepareNetworks } from './engine-matrix/networks.ts';
import { type Published, askAll, askPublished, joinLan } from './engine-matrix/published.ts';
import { type PublishedRow, type RoundRow, pageText, versionsOf } from './engine-matrix/table.ts';
import { mustSucceed } from './program.ts';
import { aShareOf } from '../thorough.ts';

const page = fileURLToPath(new URL('../../docs/engines.md', import.meta.url));
const versions: string[] = [];
const rounds: RoundRow[] = [];
const afterEvents: RoundRow[] = [];
const published: PublishedRow[] = [];

describe.each(aShareOf(await matrixEngines(), 3))('$name', (engine) => {
  const networks = networksOf(engine);
  const plans = (['before', 'after'] as const).map((when, i) =>
    networks.map((network, j) => ({
      when,
      network,
      plan: { name: `${network.name}-${when}`, network: network.name, port: 8080 + 10 * i + j },
    })),
  );
  const [before = [], after = []] = plans;
  const sent = [...before, ...after].flatMap((one) =>
    familiesOf(one.network).map((family) => ({ ...one, family, label: labelOf(one.network, family) })),
  );
  let world: World;

  beforeAll(async () => {
    world = await engine.create({ families: [4, 6] });
    const { isp, upstream } = world.hosts;
    await Promise.all([startNameServer(isp), startNameServer(upstream), joinLan(world)]);
    await prepareNetworks(world, engine);
    versions.push(await versionsOf(engine.name, world));
    for (const { plan } of before) await startContainer(world, engine, plan);
  });

  afterAll(() => world?.down());

  it.each(
    aShareOf(
      sent.filter(({ when }) => when === 'before'),
      2,
    ),
  )(
    'control: before apply, every kind of $plan.name, IPv$family, is seen elsewhere',
    async ({ plan, family }) => {
      expect(faultsOfControl(await round(plan, family), family)).toEqual([]);
    },
  );

  it('is redirected by apply', async () => {
    for (const host of [world.hosts.gw1, world.hosts.node1]) await mustSucceed(host, 'apply', '--yes');
    for (const { plan } of after) await startContainer(world, engine, plan);
    expect(await mustSucceed(world.hosts.node1, 'plan')).toContain('nothing to do');
  });

  it.each(sent)('traffic of $plan.name, IPv$family, leaves by the gateway', async (one) => {
    const row = await roundRow(one, one.when);
    rounds.push(row);
    expect(faultsOf(row.round, row.own)).toEqual([]);
  });

  it.each(engine.program ? aShareOf(sent, 2) : [])(
    'replies from the published port of $plan.name, IPv$family, take the path of the request',
    async (one) => {
      const { label, when } = one;
      const cells = await askAll(world, await publishedOf(one));
      published.push({ engine: engine.name, families: label, container: when, cells });
      expect(faultsOfPublished(cells)).toEqual([]);
    },
  );

  it.each(engine.program ? sent.slice(0, 1) : [])(
    'control: a reply that goes to the gateway is seen there',
    async (one) => {
      const { node1 } = world.hosts;
      const port = await publishedOf(one);
      // Without the bypass, a reply is routed like the container's own packets.
      await node1.run(['nft', 'flush', 'chain', 'inet', 'mustredirect', 'bypass4']);
      const { atGateway } = await askPublished(world, 'the isp’s side', port);
      await mustSucceed(node1, 'apply', '--yes');
      expect(atGateway).toBeGreaterThan(0);
    },
  );

  const last = before.at(-1);
  const events = engine.program && last ? eventsOf(engine.program, last.plan, last.network) : [];
  it.each(events)('keeps the source after: $name', async (event) => {
    await event.run(world);
    for (const one of sent.filter(({ plan }) => plan === last?.plan)) {
      const row = await roundRow(one, event.name);
      afterEvents.push(row);
      expect(faultsOf(row.round, row.own)).toEqual([]);
    }
  });

  async function publishedOf({ plan, family, network, when }: (typeof sent)[number]): Promise<Published> {
    const others = when === 'before' ? after : before;
    const other = others.find((found) => found.network === network)?.plan ?? plan;
    return { family, port: plan.port, neighbour: await findContainer(world, engine, other) };
  }

  async function round(plan: ContainerPlan, family: (typeof sent)[number]['family']) {
    return runRound(world, await findContainer(world, engine, plan), family);
  }

  async function roundRow({ plan, family, label }: (typeof sent)[number], what: string): Promise<RoundRow> {
    const own = addressOf(await findContainer(world, engine, plan), family);
    return { engine: engine.name, families: label, after: what, own, round: await round(plan, family) };
  }
});

describe('docs/engines.md', () => {
  it('matches the results', async () => {
    const text = pageText({ versions, rounds, afterEvents, published });
    process.stdout.write(`\n${text}\n`);
    if (process.env['ENGINE_MATRIX'] === 'write') await writeFile(page, text);
    const written = (await readFile(page, 'utf8')).split('\n');
    // Rows of engines that this machine lacks are not compared.
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    expect(rows.filter((row) => !written.includes(row))).toEqual([]);
  });
});
