/** Docker, asked by its own command. */
import { parseAddress } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { Host } from '../../host/ports.ts';
import type { AttachedContainer, NetworkFacts } from '../../state/facts.ts';
import type { Engine, Environment } from '../engine.ts';
import type { NetworkRequest } from '../../kinds/engine-network/schema.ts';
import { ownLabel, ownership } from '../own-label.ts';
import { dropsAnswers } from './answers.ts';
import { type DockerContainer, readContainers, readPids } from './containers.ts';
import { readEndpoints } from './endpoints.ts';
import { readInfo } from './info.ts';
import { readStoredNetworks, wayIn } from './networks.ts';
import { type DockerNetwork, optionNames } from './schema.ts';

export function createDocker(env: Environment): Engine {
  return {
    readNetworks: (host, networks) => readNetworks(host, networks, env),
    createCommand,
    removeCommand,
    inspectCommand: (name) => ['docker', 'network', 'inspect', name],
    attachedCommand: (name) => ['docker', 'ps', '--all', '--quiet', '--filter', `network=${name}`],
    // What a network was created with stays.
    editMasquerade: (content) => content,
  };
}

async function readNetworks(
  { exec }: Host,
  networks: readonly NetworkRequest[],
  env: Environment,
): Promise<NetworkFacts[]> {
  if (networks.length === 0) return [];
  requireOwnDaemon(env);
  // First: where no daemon answers, nothing else does, and each in other words.
  const info = await readInfo(exec);
  const names = networks.map(({ name }) => name);
  const [stored, containers] = await Promise.all([readStoredNetworks(exec, names), readContainers(exec)]);
  const attached = containers.filter((container) => container.networks.some((name) => stored.has(name)));
  const pids = await readPids(
    exec,
    attached.filter(({ running }) => running).map(({ id }) => id),
  );
  const remade = info.dropsAnswers ? attached.map(({ id }) => id) : [];
  const endpoints = await readEndpoints(exec, remade);
  return names.map((name) => {
    const found = stored.get(name);
    const common = {
      engine: 'docker',
      name,
      backend: `docker ${info.version}`,
      // Since 28.0, unless a container was given name servers of its own.
      ...(Number.parseInt(info.version, 10) >= 28 ? { asksFromHost: true as const } : {}),
    } as const;
    const here = attached.filter((container) => container.networks.includes(name));
    const drops = dropsAnswers(
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

function storedNetwork(
  network: DockerNetwork,
): Omit<NetworkFacts, 'engine' | 'name' | 'backend' | 'attached'> {
  const owner = ownership(network.Labels);
  const plain = network.Options?.[optionNames.masquerade] === 'false';
  return {
    exists: true,
    ...owner,
    ...(owner.ours || !plain ? { masqueraded: true } : {}),
    ...wayIn(network),
    ...mtuOf(network),
    commands: { remove: removeCommand(network.Name).join(' ') },
  };
}

/** Without it, they have what the daemon gives all of its networks. */
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

/** The command may speak to another machine. */
function requireOwnDaemon({ DOCKER_HOST: daemon }: Environment): void {
  if (!daemon || daemon.startsWith('unix://')) return;
  throw new MustredirectError('refused', `docker: DOCKER_HOST is ${daemon}, which may be another machine`, {
    hint: 'unset DOCKER_HOST, or name the socket of the daemon of this machine (unix:///run/docker.sock)',
  });
}
