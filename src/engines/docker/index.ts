/** Docker, accessed through its command line. */
import { parseAddress } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { Host } from '../../host/ports.ts';
import type { AttachedContainer, NetworkFacts } from '../../state/facts.ts';
import type { Engine, Environment } from '../engine.ts';
import type { NetworkRequest } from '../../kinds/engine-network/schema.ts';
import { ownLabel, ownership } from '../own-label.ts';
import { dropsReplies } from './drops-replies.ts';
import { type DockerContainer, readContainers, readPids } from './containers.ts';
import { readEndpoints } from './endpoints.ts';
import { type DockerInfo, infoCommand, readInfo } from './info.ts';
import { listLabelled, readStoredNetworks, bridgeAndSubnets } from './networks.ts';
import { type DockerNetwork, optionNames } from './schema.ts';

export function createDocker(env: Environment): Engine {
  return {
    readNetworks: (host, networks) => readNetworks(host, networks, env),
    listLabelled: async ({ exec }, label) => {
      requireOwnDaemon(env);
      return listLabelled(exec, label);
    },
    createCommand,
    removeCommand,
    inspectCommand: (name) => ['docker', 'network', 'inspect', name],
    attachedCommand: (name) => ['docker', 'ps', '--all', '--quiet', '--filter', `network=${name}`],
    // Docker networks keep the options that they were created with.
    editMasquerade: (content) => content,
    lasting: [infoCommand],
  };
}

async function readNetworks(
  { exec }: Host,
  networks: readonly NetworkRequest[],
  env: Environment,
): Promise<NetworkFacts[]> {
  if (networks.length === 0) return [];
  requireOwnDaemon(env);
  // Read first: without a daemon, all other commands fail too, each with another message.
  const info = await readInfo(exec);
  const names = networks.map(({ name }) => name);
  const [stored, containers] = await Promise.all([readStoredNetworks(exec, names), readContainers(exec)]);
  const attached = containers.filter((container) => container.networks.some((name) => stored.has(name)));
  const pids = await readPids(
    exec,
    attached.filter(({ running }) => running).map(({ id }) => id),
  );
  const endpoints = await readEndpoints(exec, info.dropsReplies ? attached.map(({ id }) => id) : []);
  return names.map((name) => {
    const found = stored.get(name);
    const common = commonFacts(name, info);
    const here = attached.filter((container) => container.networks.includes(name));
    const drops = dropsReplies(
      info,
      found,
      here.map(({ id, name: container }) => ({ id, name: container, endpoint: endpoints.get(id)?.[name] })),
    );
    if (!found) return { ...common, exists: false, masqueraded: true, subnets: [], ...drops, attached: [] };
    return {
      ...common,
      ...storedNetwork(found),
      ...drops,
      attached: here.map((container) => attachedContainer(container, found, pids)),
    };
  });
}

function commonFacts(name: string, { version }: DockerInfo) {
  return {
    engine: 'docker',
    name,
    backend: `docker ${version}`,
    // Since 28.0, unless the container has name servers of its own.
    ...(Number.parseInt(version, 10) >= 28 ? { resolvesOnHost: true as const } : {}),
  } as const;
}

function storedNetwork(
  network: DockerNetwork,
): Omit<NetworkFacts, 'engine' | 'name' | 'backend' | 'attached'> {
  const owner = ownership(network.Labels);
  const plain = network.Options?.[optionNames.masquerade] === 'false';
  return {
    exists: true,
    ...owner,
    ...(owner.ours || !plain ? { masqueraded: true } : {}),
    ...bridgeAndSubnets(network),
    ...mtuOf(network),
    commands: { remove: removeCommand(network.Name).join(' ') },
  };
}

/** Without this option, the network has the MTU that the daemon gives all of its networks. */
function mtuOf({ Options }: DockerNetwork): { mtu?: number } {
  const mtu = Number(Options?.[optionNames.mtu] ?? 0);
  return mtu > 0 ? { mtu } : {};
}

function attachedContainer(
  { id, name, running, networks, publishes }: DockerContainer,
  { Containers }: DockerNetwork,
  pids: ReadonlyMap<string, number>,
): AttachedContainer {
  const pid = pids.get(id);
  const { IPv4Address, IPv6Address } = Containers?.[id] ?? {};
  const addresses = [IPv4Address, IPv6Address].flatMap(
    (text) => parseAddress(text?.split('/')[0] ?? '') ?? [],
  );
  return {
    name,
    running,
    ...(pid === undefined ? {} : { pid }),
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(publishes ? { publishes } : {}),
    ...(networks.length > 1 ? { networks } : {}),
  };
}

function createCommand({ name, subnets, mtu, trusted }: NetworkRequest): string[] {
  return [
    'docker',
    'network',
    'create',
    '--label',
    `${ownLabel.key}=${ownLabel.value}`,
    ...(subnets.some((subnet) => subnet.includes(':')) ? ['--ipv6'] : []),
    ...subnets.flatMap((subnet) => ['--subnet', subnet]),
    '--opt',
    `${optionNames.masquerade}=false`,
    ...(mtu === undefined ? [] : ['--opt', `${optionNames.mtu}=${mtu}`]),
    ...(trusted ? ['--opt', `${optionNames.trusted}=${trusted.join(':')}`] : []),
    name,
  ];
}

function removeCommand(name: string): string[] {
  return ['docker', 'network', 'rm', name];
}

/** DOCKER_HOST may point to a daemon on another machine. */
function requireOwnDaemon({ DOCKER_HOST: daemon }: Environment): void {
  if (!daemon || daemon.startsWith('unix://')) return;
  throw new MustredirectError('refused', `docker: DOCKER_HOST is ${daemon}, which may be another machine`, {
    hint: 'unset DOCKER_HOST, or name the socket of the daemon of this machine (unix:///run/docker.sock)',
  });
}
