/** Podman, with either of its network backends. */
import type { Host } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { setIpMasq } from '../conflist/ip-masq.ts';
import type { Engine, Environment } from '../engine.ts';
import type { NetworkRequest } from '../../kinds/engine-network/schema.ts';
import { ownLabel } from '../own-label.ts';
import type { Backend, StoredNetwork } from './backend.ts';
import { podmanCni } from './cni/index.ts';
import { type ContainersConf, readContainersConf } from './containers-conf.ts';
import { readContainers } from './containers.ts';
import { infoCommand, readInfo } from './info.ts';
import { podmanNetavark } from './netavark/index.ts';

const backends = { cni: podmanCni, netavark: podmanNetavark };

export function createPodman(env: Environment): Engine {
  return {
    readNetworks: (host, networks) => readNetworks(host, networks, env),
    listLabelled: async ({ exec, files }, label) => {
      const [info, conf] = await Promise.all([readInfo(exec), readContainersConf(files, env)]);
      const backend = backends[info.backend];
      return backend.listLabelled(files, conf.networkFolder ?? backend.defaultFolder, label);
    },
    createCommand: ({ name, subnets, mtu }) => [
      'podman',
      'network',
      'create',
      '--label',
      `${ownLabel.key}=${ownLabel.value}`,
      ...subnets.flatMap((subnet) => ['--subnet', subnet]),
      ...(mtu === undefined ? [] : ['--opt', `mtu=${mtu}`]),
      name,
    ],
    removeCommand,
    inspectCommand: (name) => ['podman', 'network', 'inspect', name],
    attachedCommand: (name) => ['podman', 'ps', '--all', '--quiet', '--filter', `network=${name}`],
    // Only CNI's files have the setting: with netavark, facts name no file to edit.
    editMasquerade: setIpMasq,
    lasting: [infoCommand],
  };
}

async function readNetworks(
  host: Host,
  networks: readonly NetworkRequest[],
  env: Environment,
): Promise<NetworkFacts[]> {
  if (networks.length === 0) return [];
  // In parallel: `podman info` takes 130 ms, mostly to query dpkg for versions of its helpers.
  const [info, containers, conf] = await Promise.all([
    readInfo(host.exec),
    readContainers(host.exec),
    readContainersConf(host.files, env),
  ]);
  const backend = backends[info.backend];
  const folder = conf.networkFolder ?? backend.defaultFolder;
  const names = networks.map(({ name }) => name);
  const stored = await backend.readNetworks(host.files, folder, names);
  return stored.map((network) => ({
    engine: 'podman',
    backend: `podman ${info.version} with ${info.backend}`,
    ...(network.name === conf.defaultNetwork ? orDefault(network, backend, conf) : network),
    commands: { remove: removeCommand(network.name).join(' '), reload: 'podman network reload' },
    attached: containers.get(network.name) ?? [],
  }));
}

function removeCommand(name: string): string[] {
  return ['podman', 'network', 'rm', name];
}

/** Podman keeps its default network in memory when it has no file. */
function orDefault(network: StoredNetwork, backend: Backend, conf: ContainersConf): StoredNetwork {
  if (network.exists) return network;
  return { name: network.name, exists: true, subnets: [conf.defaultSubnet], bridge: backend.defaultBridge };
}
