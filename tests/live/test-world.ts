/** Worlds for live tests: each has a unique name, and ends with the test process at the latest. */
import { thisMachine, createWorld, type World, type WorldOptions } from '../../src/lab/world.ts';
import { labEngines, chooseEngine, type LabEngine } from '../../src/lab/engine.ts';

let count = 0;

export function testName(): string {
  count += 1;
  return `test-${process.pid}-${count}`;
}

export async function createTestWorld(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await createWorld({ name: testName(), node: process.execPath, ...options });
  // An empty dpkg database speeds up `podman info`, which spends most of its time on versions of its helpers.
  await world.hosts.node1.run(['mount', '-t', 'tmpfs', 'lab', '/var/lib/dpkg']);
  return world;
}

/** Engines of this machine; `external` is always one of them. */
export async function installedEngines(): Promise<readonly LabEngine[]> {
  const choices = await Promise.allSettled(labEngines.map((engine) => chooseEngine(thisMachine(), engine)));
  return labEngines.filter((_, index) => choices[index]?.status === 'fulfilled');
}

/** Backends that this machine's podman must have; podman 5 has no CNI. */
export async function podmanEngines(): Promise<readonly LabEngine[]> {
  const { stdout } = await thisMachine().exec.run(['podman', '--version']);
  const major = Number(/(\d+)\./.exec(stdout)?.[1]);
  return major >= 5 ? ['podman-netavark'] : ['podman-cni', 'podman-netavark'];
}

/** Engines that can start containers in a test. */
export async function containerEngines(): Promise<readonly LabEngine[]> {
  return [...(await podmanEngines()), 'docker'];
}

/** Program of an engine, as typed by a user. */
export function programOf(engine: LabEngine): 'docker' | 'podman' {
  return engine === 'docker' ? 'docker' : 'podman';
}
