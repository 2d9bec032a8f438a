/** Compares the manual recipe with mustredirect: the same packets take the same path. */
import { describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import type { LabEngine } from '../../src/lab/engine.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { redirectByHand } from './by-hand.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';

async function redirectByProgram(world: World): Promise<void> {
  const { node1, gw1 } = world.hosts;
  await world.containers.createNetwork(network.name, network.subnet);
  for (const host of [gw1, node1]) {
    await host.files.replace(filePath, exampleFile(world.engine.engine));
    await mustSucceed(host, 'apply', '--yes');
  }
}

/** Traffic of a ping and a TCP connection on each link: protocol, addresses and TTL, in order, without repeats. */
async function seenOnLinks(world: World): Promise<Record<string, string[]>> {
  const web = await world.containers.start('web', network.name);
  const links = { bridge: 'node1', lan: 'gw1', uplink: 'upstream', wrong: 'isp' } as const;
  const devices = { bridge: 'any', lan: 'eth0', uplink: 'gw1', wrong: 'eth0' };
  const captures = await Promise.all(
    (['bridge', 'lan', 'uplink', 'wrong'] as const).map(
      async (link) =>
        [link, await world.capture(links[link], devices[link], `host ${addresses.internet}`)] as const,
    ),
  );
  await world.containers.run('web', ['ping', '-c', '1', '-W', '1', addresses.internet]);
  await world.containers.run('web', ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`]);
  const seen = await Promise.all(
    captures.map(async ([link, capture]) => {
      const packets = await capture.stop();
      const texts = packets.map((p) => `${p.protocol} ${p.source} > ${p.destination} ttl ${p.ttl}`);
      return [link, [...new Set(texts)].sort()] as const;
    }),
  );
  expect(web).toBe('10.89.4.2');
  return Object.fromEntries(seen);
}

async function inWorld<T>(engine: LabEngine, use: (world: World) => Promise<T>): Promise<T> {
  const world = await createTestWorld({ engine });
  try {
    return await use(world);
  } finally {
    await world.down();
  }
}

// netavark always masquerades: the recipe cannot keep the source.
const byHandEngines: LabEngine[] = [
  ...(await podmanEngines()).filter((engine) => engine !== 'podman-netavark'),
  'external',
];

describe.each(byHandEngines)('%s', (engine) => {
  it('sends the same packets on the same path as the manual recipe', async () => {
    const byHand = await inWorld(engine, async (world) => {
      await redirectByHand(world);
      return seenOnLinks(world);
    });
    const byProgram = await inWorld(engine, async (world) => {
      await redirectByProgram(world);
      return seenOnLinks(world);
    });
    expect(byHand['lan']).toContain(`icmp 10.89.4.2 > ${addresses.internet} ttl 63`);
    expect(byHand['uplink']).toContain(`tcp ${addresses.uplink} > ${addresses.internet} ttl 62`);
    expect(byHand['wrong']).toEqual([]);
    expect(byProgram).toEqual(byHand);
  });
});
