/** What engines do by themselves, and what others do to them: each may bring a masquerade back. */
import { restartDockerd } from '../../../src/lab/containers/docker.ts';
import { network } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';

export interface EngineEvent {
  readonly name: string;
  run(world: World): Promise<unknown>;
}

const masquerade = ['POSTROUTING', '-s', network.subnet, '-j', 'MASQUERADE'];

/** @param program the engine's own */
export function eventsOf(program: 'podman' | 'docker'): readonly EngineEvent[] {
  return [
    program === 'podman'
      ? { name: 'podman network reload --all', run: onNode('podman', 'network', 'reload', '--all') }
      : { name: 'dockerd restarts', run: ({ hosts: { node1 } }) => restartDockerd(node1) },
    { name: 'the container restarts', run: onNode(program, 'restart', '--time', '0', 'before') },
    {
      name: 'another container comes, and goes',
      async run({ containers }) {
        await containers.start('another', network.name);
        await containers.remove('another');
      },
    },
    { name: 'a masquerade before all others', run: onNode('iptables', '-t', 'nat', '-I', ...masquerade) },
  ];
}

function onNode(...argv: readonly string[]): EngineEvent['run'] {
  return ({ hosts: { node1 } }) => node1.run(argv);
}
