/** Actions by engines and by others, each of which may restore masquerade. */
import { familyOf } from '../../../src/address/cidr.ts';
import { restartDockerd } from '../../../src/lab/containers/docker.ts';
import type { World } from '../../../src/lab/world.ts';
import type { ContainerPlan } from './container.ts';
import type { MatrixNetwork } from './networks.ts';

export interface EngineEvent {
  readonly name: string;
  run(world: World): Promise<unknown>;
}

/**
 * @param program program of the engine
 * @param container container that restarts
 * @param network network of the container
 */
export function eventsOf(
  program: 'podman' | 'docker',
  container: ContainerPlan,
  { subnets }: MatrixNetwork,
): readonly EngineEvent[] {
  return [
    program === 'podman'
      ? { name: 'podman network reload --all', run: onNode('podman', 'network', 'reload', '--all') }
      : { name: 'dockerd restarts', run: ({ hosts: { node1 } }) => restartDockerd(node1) },
    { name: 'the container restarts', run: onNode(program, 'restart', '--time', '0', container.name) },
    {
      name: 'another container comes, and goes',
      async run({ containers }) {
        await containers.start('another', container.network);
        await containers.remove('another');
      },
    },
    {
      name: 'a masquerade before all others',
      async run({ hosts: { node1 } }) {
        for (const subnet of subnets) {
          const iptables = familyOf(subnet) === 4 ? 'iptables' : 'ip6tables';
          await node1.run([iptables, '-t', 'nat', '-I', 'POSTROUTING', '-s', subnet, '-j', 'MASQUERADE']);
        }
      },
    },
  ];
}

function onNode(...argv: readonly string[]): EngineEvent['run'] {
  return ({ hosts: { node1 } }) => node1.run(argv);
}
