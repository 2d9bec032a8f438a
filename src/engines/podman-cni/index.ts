/** Podman's networks as CNI configuration lists, one file each. */
import { basename, join } from 'node:path';
import type { Files } from '../../host/ports.ts';
import { decodeJson, decodeValue } from '../decode.ts';
import { type Backend, type StoredNetwork, brokenFileHint, unfitNetwork } from '../podman/backend.ts';
import { type Conflist, bridgeSchema, conflistSchema } from './schema.ts';

export const podmanCni: Backend = {
  name: 'cni',
  defaultFolder: '/etc/cni/net.d',
  defaultBridge: 'cni-podman0',
  async readNetworks(files, folder, names) {
    const found = await readFolder(files, folder);
    return names.map((name) => {
      const file = found.find(({ conflist }) => conflist?.name === name);
      return file?.conflist ? storedNetwork(file.path, file.conflist) : absentNetwork(name, folder, found);
    });
  },
};

interface ConflistFile {
  readonly path: string;
  readonly text: string;
  /** absent when the text cannot be understood: podman skips such a file too */
  readonly conflist: Conflist | undefined;
}

/** In the order of their names: podman takes the first of two files with the same network. */
async function readFolder(files: Files, folder: string): Promise<ConflistFile[]> {
  const names = (await files.list(folder)).filter((name) => name.endsWith('.conflist'));
  const read = await Promise.all(
    [...names].sort().map(async (name) => {
      const path = join(folder, name);
      const text = await files.read(path);
      return text === undefined ? [] : [{ path, text, conflist: understand(text) }];
    }),
  );
  return read.flat();
}

function understand(text: string): Conflist | undefined {
  try {
    return conflistSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function storedNetwork(path: string, { name, plugins }: Conflist): StoredNetwork {
  const bridges = plugins.filter(({ type }) => type === 'bridge');
  const [plugin] = bridges;
  if (!plugin || bridges.length > 1) {
    const types = plugins.map(({ type }) => type).join(', ');
    throw unfitNetwork(name, path, `has ${bridges.length} bridge plugins (${types})`);
  }
  const bridge = decodeValue(bridgeSchema, plugin, `${path}: bridge plugin`, brokenFileHint);
  if (!bridge.isGateway && !bridge.isDefaultGateway) {
    throw unfitNetwork(name, path, 'is internal: its isGateway is false');
  }
  const { subnet, ranges } = bridge.ipam;
  return {
    name,
    exists: true,
    subnets: [...new Set([...(subnet ? [subnet] : []), ...ranges.flat().map((range) => range.subnet)])],
    bridge: bridge.bridge,
    masquerade: { file: path, enabled: bridge.ipMasq },
  };
}

/** Podman will name the file after the network, and switch masquerade on in it. */
function absentNetwork(name: string, folder: string, found: readonly ConflistFile[]): StoredNetwork {
  const broken = found.find(
    ({ path, conflist }) => !conflist && basename(path).replace(/^\d+-/, '') === `${name}.conflist`,
  );
  // It carries the network's name and cannot be understood: say in what way, instead of "does not exist".
  if (broken) decodeJson(conflistSchema, broken.text, broken.path, brokenFileHint);
  return {
    name,
    exists: false,
    subnets: [],
    masquerade: { file: join(folder, `${name}.conflist`), enabled: true },
  };
}
