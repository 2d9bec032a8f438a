/** Builds a lab: hosts, links, responders, and the engine on node1. */
import { createExec, runOrFail } from '../host/process/exec.ts';
import { createFiles } from '../host/files/files.ts';
import { inNetwork } from '../host/process/namespaces.ts';
import type { Exec, Host } from '../host/ports.ts';
import { captureOn, type Capture } from './capture.ts';
import { cgroupOf, removeCgroups } from './cgroups.ts';
import type { Containers } from './containers/containers.ts';
import { prepareDocker } from './containers/docker.ts';
import { prepareNamespaces } from './containers/namespaces.ts';
import { preparePodman } from './containers/podman.ts';
import { chooseEngine, type EngineChoice, type LabEngine } from './engine.ts';
import { endHolders, findHolders, startHolder, type Holder } from './holder.ts';
import { checkName, claimName } from './name.ts';
import { hostAddresses, hostNames, hostSysctls, switchLinks, uplinkLinks } from './layout.ts';
import type { Families, HostName, Pids, Sysctls } from './layout.ts';
import { startResponder } from './responder.ts';
import { enterHost, type TestHost } from './test-host.ts';

export interface WorldOptions extends Partial<Sysctls> {
  /** name of the lab: letters, digits and dashes */
  readonly name: string;
  /** path of Node for the responders */
  readonly node: string;
  /** default: the best one that is installed */
  readonly engine?: LabEngine | undefined;
  /** whether upstream has routes to the containers, as with OSPF; default: no */
  readonly containersRouted?: boolean;
  /** families of hosts, links and responders; default: IPv4 only */
  readonly families?: Families;
}

export interface World {
  readonly name: string;
  readonly families: Families;
  readonly hosts: Readonly<Record<HostName, TestHost>>;
  readonly engine: EngineChoice;
  /** containers of node1 */
  readonly containers: Containers;
  capture(host: HostName, device: string, filter: string): Promise<Capture>;
  /** Keeps the lab running after this process ends; without it, the lab ends with this process. */
  keep(): Promise<void>;
  down(): Promise<void>;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const machine = thisMachine();
  const engine = await chooseEngine(machine, options.engine);
  const release = await claimName(machine.files, options.name);
  try {
    return await build(machine, engine, options);
  } catch (error) {
    await takeDown(machine, options.name);
    throw error;
  } finally {
    release();
  }
}

/** Ends a lab and removes its remains, however it ended; returns whether there were any. */
export async function takeDown(machine: Host, name: string): Promise<boolean> {
  checkName(name);
  const found = (await findHolders(machine.files, name)).length > 0;
  await endHolders(machine, name);
  const cgroups = await removeCgroups(machine, name);
  return found || cgroups;
}

export function thisMachine(): Host {
  return { exec: createExec(), files: createFiles() };
}

async function build(machine: Host, engine: EngineChoice, options: WorldOptions): Promise<World> {
  const { families = [4], containersRouted = false } = options;
  const holders = await startHolders(machine, engine, options);
  const hosts = mapHosts((name) => enterHost(machine.exec, name, holders[name].pid));
  const [containers] = await Promise.all([
    prepareEngine(hosts.node1, engine),
    connect(
      machine.exec,
      mapHosts((name) => holders[name].pid),
      containersRouted,
      families,
    ).then(() =>
      Promise.all([hosts.isp, hosts.upstream].map((host) => startResponder(host, options.node, families))),
    ),
  ]);
  return {
    name: options.name,
    families,
    hosts,
    engine,
    containers,
    capture: (host, device, filter) => captureOn(hosts[host], device, filter),
    async keep() {
      await Promise.all(Object.values(holders).map((holder) => holder.keep()));
    },
    async down() {
      await takeDown(machine, options.name);
    },
  };
}

/** Starts all hosts in parallel. When one fails, the others must be up or gone before cleanup begins. */
async function startHolders(
  machine: Host,
  engine: EngineChoice,
  { name, rpFilter = 2, srcValidMark = 0 }: WorldOptions,
): Promise<Readonly<Record<HostName, Holder>>> {
  const starts = await Promise.allSettled(
    hostNames.map((host) =>
      startHolder(machine.files, {
        lab: name,
        host,
        sysctls: hostSysctls(host, { rpFilter, srcValidMark }),
        cgroup: host === 'node1' && engine.cgroups ? cgroupOf(name) : undefined,
      }),
    ),
  );
  const holders = starts.map((start) => {
    if (start.status === 'rejected') throw start.reason;
    return start.value;
  });
  return mapHosts((_, index) => holders[index] as Holder);
}

/** @param pids pids of the hosts' first processes, by which `ip` finds their namespaces */
async function connect(
  machine: Exec,
  pids: Pids,
  containersRouted: boolean,
  families: Families,
): Promise<void> {
  const batch = async (host: HostName, input: string) =>
    // Enters only the network namespace: the pids of other hosts are those of the machine.
    runOrFail(machine, inNetwork(pids[host], ['ip', '-batch', '-']), { input });
  await Promise.all([batch('switch', switchLinks(pids)), batch('gw1', uplinkLinks(pids, families))]);
  await Promise.all(hostNames.map((host) => batch(host, hostAddresses(host, containersRouted, families))));
}

function prepareEngine(node: TestHost, choice: EngineChoice): Promise<Containers> {
  switch (choice.engine) {
    case 'external':
      return prepareNamespaces(node);
    case 'docker':
      return prepareDocker(node);
    case 'podman-cni':
    case 'podman-netavark':
      return preparePodman(node, choice);
  }
}

function mapHosts<T>(make: (host: HostName, index: number) => T): Readonly<Record<HostName, T>> {
  return Object.fromEntries(hostNames.map((host, index) => [host, make(host, index)])) as Record<HostName, T>;
}
