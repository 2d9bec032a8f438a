/** Containers attached to each network by their configuration, running or not. */
import { runOrFail } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import { tryDecode } from '../decode.ts';
import { containerSchema, pidLine } from './schema.ts';

export interface DockerContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  readonly networks: readonly string[];
  readonly publishes: boolean;
}

/** States in which the container's first process lives. */
const livingStates: ReadonlySet<string> = new Set(['running', 'paused', 'restarting']);

/** One call for all networks: `--filter network=` would need one for each. */
export async function readContainers(exec: Exec): Promise<DockerContainer[]> {
  const argv = ['docker', 'ps', '--all', '--no-trunc', '--format', '{{json .}}'];
  const lines = (await runOrFail(exec, argv)).split('\n').filter(Boolean);
  return lines.flatMap((line) => {
    const read = tryDecode(containerSchema, line);
    if (!read) return [];
    const { ID, Names, Networks, State, Ports } = read;
    // Of several names, those with a slash are links of other containers.
    const name = Names.split(',').find((one) => !one.includes('/')) ?? ID.slice(0, 12);
    return [
      {
        id: ID,
        name,
        running: livingStates.has(State),
        networks: Networks.split(','),
        publishes: Ports?.includes('->') ?? false,
      },
    ];
  });
}

/** By container id; those that ended meanwhile are left out. */
export async function readPids(exec: Exec, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  // It fails when one of them is gone, and has told of the others all the same.
  const { stdout } = await exec.run(['docker', 'inspect', '--format', '{{.Id}} {{.State.Pid}}', ...ids]);
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, id, pid] = pidLine.exec(line) ?? [];
      return id === undefined ? [] : [[id, Number(pid)] as const];
    }),
  );
}
