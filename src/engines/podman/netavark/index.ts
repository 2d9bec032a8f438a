/** Podman networks of the netavark backend: one JSON file each, named after the network. */
import { join } from 'node:path';
import type { Files } from '../../../host/ports.ts';
import { decodeJson, tryDecode } from '../../decode.ts';
import { labelOf, ownership } from '../../own-label.ts';
import { bridgelessNetwork, unusableNetwork } from '../../unusable-network.ts';
import { type Backend, type StoredNetwork, brokenFileHint } from '../backend.ts';
import { anyNetworkSchema, networkSchema } from './schema.ts';

export const podmanNetavark: Backend = {
  name: 'netavark',
  defaultFolder: '/etc/containers/networks',
  defaultBridge: 'podman0',
  readNetworks: (files, folder, names) =>
    Promise.all(names.map((name) => readNetwork(files, join(folder, `${name}.json`), name))),
  async listLabelled(files, folder, label) {
    const names = (await files.list(folder)).filter((name) => name.endsWith('.json')).toSorted();
    const found = await Promise.all(
      names.map(async (name) => {
        const network = tryDecode(anyNetworkSchema, (await files.read(join(folder, name))) ?? '');
        return labelOf(name.slice(0, -'.json'.length), network?.labels, label);
      }),
    );
    return found.flat();
  },
};

async function readNetwork(files: Files, path: string, name: string): Promise<StoredNetwork> {
  const text = await files.read(path);
  if (text === undefined) return { name, exists: false, subnets: [] };
  const { driver, labels } = decodeJson(anyNetworkSchema, text, path, brokenFileHint);
  if (driver !== 'bridge') {
    const why = bridgelessNetwork(`${path} has driver ${driver}`);
    return { name, exists: true, ...ownership(labels), ...why };
  }
  const network = decodeJson(networkSchema, text, path, brokenFileHint);
  return {
    name,
    exists: true,
    ...ownership(network.labels),
    ...(network.internal ? unusableNetwork(`${path} is internal`) : {}),
    subnets: (network.subnets ?? []).map(({ subnet }) => subnet),
    ...(network.network_interface ? { bridge: network.network_interface } : {}),
    ...mtuIn(network.options),
    ...(network.dns_enabled ? { nameServer: { upstreams: network.network_dns_servers ?? [] } } : {}),
  };
}

/** 0 means the kernel's default, or the MTU that later releases of netavark choose. */
function mtuIn(options: Readonly<Record<string, string>> | null | undefined): { mtu?: number } {
  const mtu = Number(options?.['mtu'] ?? 0);
  return mtu > 0 ? { mtu } : {};
}
