/**
 * Network namespaces of containers in redirected networks, and their processes. The engine names the first process of
 * each container; bridge ports also lead to namespaces that no engine lists, and to those that containers share.
 */
import type { Prepared, Target } from '../inspect/prepare.ts';
import { bridgeOf } from '../desired/engines/bridge.ts';
import { factsOf } from '../desired/engines/network-facts.ts';
import { processesByNetwork, readNetworkIds } from '../host/process/processes.ts';
import type { AttachedContainer, Facts } from '../state/facts.ts';
import type { EngineName } from '../spec/spec.ts';
import type { NodeNetwork } from '../topology/role.ts';

/** Network namespace of a container. */
export interface ContainerNamespace {
  /** names of redirected networks that the namespace is in */
  readonly networks: readonly string[];
  readonly engine: EngineName;
  /** process id -> container, for first processes of containers */
  readonly containers: ReadonlyMap<number, AttachedContainer>;
  readonly processes: readonly number[];
}

export async function findContainerNamespaces(
  { host, role }: Pick<Target, 'host' | 'role'>,
  { facts }: Pick<Prepared, 'facts'>,
): Promise<ContainerNamespace[]> {
  const ports = portsOf(role.networks, facts);
  const firsts = firstProcesses(role.networks, facts);
  if (ports.length === 0 && firsts.length === 0) return [];
  const [processes, inodes] = await Promise.all([
    processesByNetwork(host.exec, host.files),
    ports.length > 0 ? readNetworkIds(host.exec) : new Map<number, number>(),
  ]);
  const inodeOf = new Map([...processes].flatMap(([inode, ids]) => ids.map((id) => [id, inode] as const)));
  const found = new Map<number, Draft>();
  for (const { network, peerNamespace } of ports) {
    draftAt(found, inodes.get(peerNamespace))?.networks.set(network.name, network.engine);
  }
  for (const { network, container, pid } of firsts) {
    const draft = draftAt(found, inodeOf.get(pid));
    draft?.networks.set(network.name, network.engine);
    draft?.containers.set(pid, container);
  }
  return [...found].map(([inode, { networks, containers }]) => ({
    networks: [...networks.keys()],
    engine: [...networks.values()][0] ?? 'external',
    containers,
    processes: processes.get(inode) ?? [],
  }));
}

interface Draft {
  readonly networks: Map<string, EngineName>;
  readonly containers: Map<number, AttachedContainer>;
}

function draftAt(found: Map<number, Draft>, inode: number | undefined): Draft | undefined {
  if (inode === undefined) return undefined;
  const draft = found.get(inode) ?? { networks: new Map(), containers: new Map() };
  found.set(inode, draft);
  return draft;
}

function portsOf(
  networks: readonly NodeNetwork[],
  facts: Facts,
): { readonly network: NodeNetwork; readonly peerNamespace: number }[] {
  const byBridge = new Map(networks.map((network) => [bridgeOf(network, facts), network]));
  return facts.links.flatMap(({ master, peerNamespace }) => {
    const network = master === undefined ? undefined : byBridge.get(master);
    return network && peerNamespace !== undefined ? [{ network, peerNamespace }] : [];
  });
}

function firstProcesses(networks: readonly NodeNetwork[], facts: Facts) {
  return networks.flatMap((network) =>
    (factsOf(network, facts)?.attached ?? []).flatMap((container) =>
      container.running && container.pid ? [{ network, container, pid: container.pid }] : [],
    ),
  );
}
