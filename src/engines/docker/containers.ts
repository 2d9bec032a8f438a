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

/** Container states with a living first process. */
const livingStates: ReadonlySet<string> = new Set(['running', 'paused', 'restarting']);

/** Lists all networks with one call: `--filter network=` takes one call for each. */
export async function readContainers(exec: Exec): Promise<DockerContainer[]> {
  const argv = ['docker', 'ps', '--all', '--no-trunc', '--format', '{{json .}}'];
  const lines = (await runOrFail(exec, argv)).split('\n').filter(Boolean);
  return lines.flatMap((line) => {
    const read = tryDecode(containerSchema, line);
    if (!read) return [];
    const { ID, Names, Networks, State, Ports } = read;
    // Names that contain a slash are links of other containers.
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

/** Container id -> pid; containers that have ended meanwhile are omitted. */
export async function readPids(exec: Exec, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  // docker exits with an error when a container is gone, but still prints the others.
  const { stdout } = await exec.run(['docker', 'inspect', '--format', '{{.Id}} {{.State.Pid}}', ...ids]);
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, id, pid] = pidLine.exec(line) ?? [];
      return id === undefined ? [] : [[id, Number(pid)] as const];
    }),
  );
}
