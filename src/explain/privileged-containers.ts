/** Running containers of redirected networks that can bypass every rule of the host. */
import type { Target } from '../inspect/prepare.ts';
import { type Process, type Processes, readProcesses } from '../host/process/processes.ts';
import type { Finding } from './doctor.ts';
import type { ContainerNamespace } from './container-namespaces.ts';
import { type Privileges, consequence, privilegesOf, privilegesText, remedyFor } from './privileges.ts';

/** @param namespaces result of `findContainerNamespaces` */
export async function findPrivileged(
  { host }: Pick<Target, 'host'>,
  namespaces: readonly ContainerNamespace[],
): Promise<Finding[]> {
  const ids = namespaces.flatMap(({ processes }) => processes);
  if (ids.length === 0) return [];
  const processes = await readProcesses(host.exec, ids);
  if (!processes) return [];
  return namespaces.flatMap((namespace) => findingsIn(namespace, processes));
}

/** Reports each set of powers once: other processes of a container can do what its first process can. */
function findingsIn(namespace: ContainerNamespace, { own, others }: Processes): Finding[] {
  const privileged = namespace.processes.flatMap((id) => {
    const process = others.get(id);
    const privileges = process && privilegesOf(process, own);
    return privileges ? [{ process, privileges }] : [];
  });
  const first = privileged.filter(({ process }) => namespace.containers.has(process.id));
  const reported = new Set(first.map(({ privileges }) => privilegesText(privileges)));
  const more = privileged.filter(({ process, privileges }) => {
    const text = privilegesText(privileges);
    if (namespace.containers.has(process.id) || reported.has(text)) return false;
    reported.add(text);
    return true;
  });
  return [...first, ...more].map(({ process, privileges }) => finding(namespace, process, privileges));
}

function finding(namespace: ContainerNamespace, process: Process, privileges: Privileges): Finding {
  return {
    problem: `${subject(namespace, process)} has ${privilegesText(privileges)} in this host's user namespace: ${consequence(privileges)}`,
    remedy: remedyFor(privileges, namespace.engine),
  };
}

function subject({ networks, containers }: ContainerNamespace, { id, name }: Process): string {
  const container = containers.get(id);
  const where = `network ${networks.join(', ')}`;
  if (container) return `${where}: container ${container.name}`;
  const [neighbour] = containers.values();
  const shared = neighbour ? `, which shares the network namespace of container ${neighbour.name},` : '';
  return `${where}: process ${id} (${name})${shared}`;
}
