/** What engines do by themselves, and what others do to them: each may bring a masquerade back. */
import { network } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';

export interface EngineEvent {
  readonly name: string;
  run(world: World): Promise<unknown>;
}

const masquerade = ['POSTROUTING', '-s', network.subnet, '-j', 'MASQUERADE'];

/** @param program the engine's own, which is told as docker and podman are both told */
export function eventsOf(program: 'podman'): readonly EngineEvent[] {
  const node =
    (...argv: readonly string[]) =>
    ({ hosts: { node1 } }: World): Promise<string> =>
      node1.run(argv);
  return [
    { name: `${program} network reload --all`, run: node(program, 'network', 'reload', '--all') },
    { name: `${program} restart`, run: node(program, 'restart', '--time', '0', 'before') },
    {
      name: 'another container comes, and goes',
      async run({ containers }) {
        await containers.start('another', network.name);
        await containers.remove('another');
      },
    },
    { name: 'a masquerade before all others', run: node('iptables', '-t', 'nat', '-I', ...masquerade) },
  ];
}
