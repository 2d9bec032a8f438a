/** Podman's networks as CNI configuration lists, one file each. */
import { join } from 'node:path';
import { ipMasqIn } from '../../conflist/ip-masq.ts';
import { findConflist, readConflists } from '../../conflist/read-folder.ts';
import { type Conflist, bridgeSchema } from '../../conflist/schema.ts';
import { decodeValue } from '../../decode.ts';
import { ownership } from '../../own-label.ts';
import { type Backend, type StoredNetwork, brokenFileHint, unfitNetwork } from '../backend.ts';

export const podmanCni: Backend = {
  name: 'cni',
  defaultFolder: '/etc/cni/net.d',
  defaultBridge: 'cni-podman0',
  async readNetworks(files, folder, names) {
    const found = await readConflists(files, folder);
    return names.map((name) => {
      const file = findConflist(found, name, brokenFileHint);
      return file ? storedNetwork(file.path, file.conflist) : absentNetwork(name, folder);
    });
  },
};

function storedNetwork(path: string, { name, args, plugins }: Conflist): StoredNetwork {
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
    ...ownership(args?.podman_labels),
    subnets: [...new Set([...(subnet ? [subnet] : []), ...ranges.flat().map((range) => range.subnet)])],
    bridge: bridge.bridge,
    masquerade: ipMasqIn(path, bridge.ipMasq),
  };
}

/** Podman will name the file after the network, and switch masquerade on in it. */
function absentNetwork(name: string, folder: string): StoredNetwork {
  return {
    name,
    exists: false,
    subnets: [],
    masquerade: ipMasqIn(join(folder, `${name}.conflist`), true),
  };
}
