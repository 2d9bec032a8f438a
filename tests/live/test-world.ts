/** Worlds for live tests: each has a name of its own, and ends with the test process at the latest. */
import { thisMachine, createWorld, type World, type WorldOptions } from '../../src/lab/world.ts';
import { labEngines, chooseEngine, type LabEngine } from '../../src/lab/engine.ts';

let count = 0;

export function testName(): string {
  count += 1;
  return `test-${process.pid}-${count}`;
}

export async function createTestWorld(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await createWorld({ name: testName(), node: process.execPath, ...options });
  // `podman info` asks dpkg for the versions of its helpers, which is most of its time, and nobody reads them.
  await world.hosts.node1.run(['mount', '-t', 'tmpfs', 'lab', '/var/lib/dpkg']);
  return world;
}

/** Those that this machine has; `external` is always one of them. */
export async function installedEngines(): Promise<readonly LabEngine[]> {
  const choices = await Promise.allSettled(labEngines.map((engine) => chooseEngine(thisMachine(), engine)));
  return labEngines.filter((_, index) => choices[index]?.status === 'fulfilled');
}

/** The back ends that this machine's podman has to have: CNI went with podman 5. */
export async function podmanEngines(): Promise<readonly LabEngine[]> {
  const { stdout } = await thisMachine().exec.run(['podman', '--version']);
  const major = Number(/(\d+)\./.exec(stdout)?.[1]);
  return major >= 5 ? ['podman-netavark'] : ['podman-cni', 'podman-netavark'];
}

/** Every engine whose containers a test can start. */
export async function containerEngines(): Promise<readonly LabEngine[]> {
  return [...(await podmanEngines()), 'docker'];
}

/** The program that a lab's user would type. */
export function programOf(engine: LabEngine): 'docker' | 'podman' {
  return engine === 'docker' ? 'docker' : 'podman';
}
