/** The containers of the matrix: each publishes a port, where its engine can, and lives until it is removed. */
import type { World } from '../../../src/lab/world.ts';
import type { MatrixEngine } from './engines.ts';

export interface Container {
  readonly name: string;
  readonly address: string;
  /** its network namespace: a process in it, or a file */
  readonly where: number | string;
  /** of the node, that leads to its port 80 */
  readonly port?: number;
}

/** What a container that publishes its port 80 runs. */
const server = ['sh', '-c', 'while :; do echo hello | nc -l -p 80; done'];

export async function startContainer(
  world: World,
  { program }: MatrixEngine,
  { name, network, port }: { readonly name: string; readonly network: string; readonly port: number },
): Promise<Container> {
  const { node1 } = world.hosts;
  if (!program) {
    return { name, address: await world.containers.start(name, network), where: `/run/netns/${name}` };
  }
  const run = [program, 'run', '--detach', '--name', name, '--network', network, '--publish', `${port}:80`];
  await node1.run([...run, 'localhost/lab', ...server]);
  return { ...(await findContainer(world, program, name, network)), port };
}

/** As it is now: a restart gives it another namespace. */
export async function findContainer(
  { hosts: { node1 } }: World,
  program: string,
  name: string,
  network: string,
): Promise<Container> {
  const format = `{{.State.Pid}} {{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  const said = await node1.run([program, 'inspect', '--format', format, name]);
  const [pid, address = ''] = said.trim().split(' ');
  return { name, address, where: Number(pid) };
}
