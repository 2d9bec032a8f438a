/** A lab with a container that sends all the time, and with the file of the matrix on both hosts. */
import { filePath } from '../../../src/lab/example-file.ts';
import type { LabEngine } from '../../../src/lab/engine.ts';
import { network } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { createTestWorld } from '../test-world.ts';
import { countDeclared } from './declared-way.ts';
import { families } from './families.ts';
import { startSender } from './sender.ts';

export async function createSendingWorld(
  engine: LabEngine,
  textFor: (world: World) => string,
): Promise<World> {
  const world = await createTestWorld({ engine, families });
  const { node1, gw1, upstream } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, textFor(world))));
  await countDeclared(upstream);
  await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
  await startSender(world, 'web');
  return world;
}
