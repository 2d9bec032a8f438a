/** Running containers of redirected networks that can leave past every rule: no rule of a host closes that. */
import type { Target } from '../inspect/prepare.ts';
import { type Process, type Processes, readProcesses } from '../host/process/processes.ts';
import type { Finding } from './doctor.ts';
import type { Inhabited } from './inhabitants.ts';
import { type Powers, consequence, powersOf, powersText, remedyFor } from './powers.ts';

/** @param places from `findInhabited` */
export async function findPowerful(
  { host }: Pick<Target, 'host'>,
  places: readonly Inhabited[],
): Promise<Finding[]> {
  const ids = places.flatMap(({ processes }) => processes);
  if (ids.length === 0) return [];
  const processes = await readProcesses(host.exec, ids);
  if (!processes) return [];
  return places.flatMap((place) => findingsIn(place, processes));
}

/** What a container's first process can do, its others can: each set of powers is told once. */
function findingsIn(place: Inhabited, { own, others }: Processes): Finding[] {
  const powerful = place.processes.flatMap((id) => {
    const process = others.get(id);
    const powers = process && powersOf(process, own);
    return powers ? [{ process, powers }] : [];
  });
  const [firsts, rest] = split(powerful, ({ process }) => place.containers.has(process.id));
  const told = new Set(firsts.map(({ powers }) => powersText(powers)));
  const once = rest.filter(({ powers }) => {
    const text = powersText(powers);
    if (told.has(text)) return false;
    told.add(text);
    return true;
  });
  return [...firsts, ...once].map(({ process, powers }) => finding(place, process, powers));
}

function finding(place: Inhabited, process: Process, powers: Powers): Finding {
  return {
    problem: `${subject(place, process)} has ${powersText(powers)} in this host's user namespace: ${consequence(powers)}`,
    remedy: remedyFor(powers, place.engine),
  };
}

function subject({ networks, containers }: Inhabited, { id, name }: Process): string {
  const container = containers.get(id);
  const where = `network ${networks.join(', ')}`;
  if (container) return `${where}: container ${container.name}`;
  const [neighbour] = containers.values();
  const shared = neighbour ? `, which shares the network namespace of container ${neighbour.name},` : '';
  return `${where}: process ${id} (${name})${shared}`;
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
