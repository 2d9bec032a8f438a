/** Podman, with the network backend that it has on this host. */
import type { Engine, Environment } from '../engine.ts';
import { podmanCni } from '../podman-cni/index.ts';
import { setIpMasq } from '../podman-cni/ip-masq.ts';
import { podmanNetavark } from '../podman-netavark/index.ts';
import type { Backend, StoredNetwork } from './backend.ts';
import { type ContainersConf, readContainersConf } from './containers-conf.ts';
import { readContainers } from './containers.ts';
import { readInfo } from './info.ts';

const backends = { cni: podmanCni, netavark: podmanNetavark };

export function createPodman(env: Environment): Engine {
  return {
    name: 'podman',
    async readNetworks(host, networks) {
      if (networks.length === 0) return [];
      // At once: `podman info` takes 130 ms, most of it to ask dpkg for the versions of its helpers.
      const [info, containers, conf] = await Promise.all([
        readInfo(host.exec),
        readContainers(host.exec),
        readContainersConf(host.files, env),
      ]);
      const backend = backends[info.backend];
      const folder = conf.networkFolder ?? backend.defaultFolder;
      const stored = await backend.readNetworks(
        host.files,
        folder,
        networks.map(({ name }) => name),
      );
      return stored.map((network) => ({
        engine: 'podman',
        backend: `podman ${info.version} with ${info.backend}`,
        ...(network.name === conf.defaultNetwork ? orDefault(network, backend, conf) : network),
        attached: containers.get(network.name) ?? [],
      }));
    },
    createCommand: ({ name, subnets }) => [
      'podman',
      'network',
      'create',
      ...subnets.flatMap((subnet) => ['--subnet', subnet]),
      name,
    ],
    removeCommand: (name) => ['podman', 'network', 'rm', name],
    // Only CNI's files have the switch: with netavark, no facts name a file to edit.
    editMasquerade: setIpMasq,
  };
}

/** Podman has its default network in memory when there is no file of it. */
function orDefault(network: StoredNetwork, backend: Backend, conf: ContainersConf): StoredNetwork {
  if (network.exists) return network;
  return { name: network.name, exists: true, subnets: [conf.defaultSubnet], bridge: backend.defaultBridge };
}
