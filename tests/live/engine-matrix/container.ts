/** Containers of the matrix: each publishes a port, if its engine can, and runs until it is removed. */
import { type Address, type Family, familyOf } from '../../../src/address/cidr.ts';
import type { World } from '../../../src/lab/world.ts';
import type { MatrixEngine } from './engines.ts';

export interface Container {
  readonly name: string;
  readonly addresses: readonly Address[];
  /** network namespace: a process in it, or its file */
  readonly where: number | string;
}

export interface ContainerPlan {
  readonly name: string;
  readonly network: string;
  /** port of the node that leads to port 80 of the container */
  readonly port: number;
}

/** Server on port 80 of a container that publishes it. */
const server = ['nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];

export async function startContainer(
  world: World,
  engine: MatrixEngine,
  plan: ContainerPlan,
): Promise<Container> {
  const { name, network, port } = plan;
  const { program } = engine;
  if (!program) {
    await world.containers.start(name, network);
  } else {
    const run = [program, 'run', '--detach', '--name', name, '--network', network];
    await world.hosts.node1.run([...run, '--publish', `${port}:80`, 'localhost/lab', ...server]);
  }
  return findContainer(world, engine, plan);
}

/** Reads the container again: a restart gives it another namespace. */
export async function findContainer(
  { hosts: { node1 }, containers }: World,
  { program }: MatrixEngine,
  { name, network }: Pick<ContainerPlan, 'name' | 'network'>,
): Promise<Container> {
  const addresses = await containers.addresses(name, network);
  if (!program) return { name, addresses, where: `/run/netns/${name}` };
  const pid = await node1.run([program, 'inspect', '--format', '{{.State.Pid}}', name]);
  return { name, addresses, where: Number(pid) };
}

export function addressOf({ name, addresses }: Container, family: Family): Address {
  const found = addresses.find((address) => familyOf(address) === family);
  if (!found) throw new Error(`container ${name}: no address of IPv${family}`);
  return found;
}
