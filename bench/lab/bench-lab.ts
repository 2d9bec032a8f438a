/** A lab to measure in. All labs of a part stand at once, so that measuring them in turn takes no time between. */
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import { createWorld, type World } from '../../src/lab/world.ts';
import type { Networks } from './networks.ts';
import { listen, type Egress } from './way.ts';
import { setUp, type Variant } from './variants.ts';

export interface BenchLab {
  readonly world: World;
  /** from the redirected container to upstream */
  readonly redirected: Egress;
  /** from the node itself to the isp: no traffic of ours */
  readonly host: Egress;
  /** from a container that is not redirected to the isp, where there is one */
  readonly bystander?: Egress;
  down(): Promise<void>;
}

export interface LabOptions {
  readonly name: string;
  /** path of the Node that the lab's responders run with */
  readonly node: string;
  /** the folder of the project, where `bin/mustredirect` is */
  readonly root: string;
  readonly variant: Variant;
  readonly networks: Networks;
  readonly bystander?: boolean;
}

const other = { name: 'bystander', subnet: '10.253.0.0/24' };

export async function createBenchLab(options: LabOptions): Promise<BenchLab> {
  const world = await createWorld({ name: options.name, node: options.node, engine: 'external' });
  try {
    return await prepare(world, options);
  } catch (error) {
    await world.down();
    throw error;
  }
}

async function prepare(world: World, options: LabOptions): Promise<BenchLab> {
  const { node1, upstream, isp } = world.hosts;
  await world.containers.createNetwork(network.name, network.subnet);
  await setUp(world, options.variant, options.networks, options.root);
  await world.containers.start('sender', network.name);
  if (options.bystander) {
    await world.containers.createNetwork(other.name, other.subnet);
    await world.containers.start(other.name, other.name);
  }
  await Promise.all([listen(upstream, addresses.internet), listen(isp, addresses.isp)]);
  const from = (container: string) => (argv: readonly string[]) =>
    node1.run(inNetwork(`/run/netns/${container}`, argv));
  const toIsp = { to: addresses.isp, receiver: isp };
  return {
    world,
    redirected: { run: from('sender'), to: addresses.internet, receiver: upstream },
    host: { run: (argv) => node1.run(argv), ...toIsp },
    ...(options.bystander ? { bystander: { run: from(other.name), ...toIsp } } : {}),
    down: () => world.down(),
  };
}
