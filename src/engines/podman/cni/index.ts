/** Podman's networks as CNI configuration lists, one file each. */
import { join } from 'node:path';
import { bridgeNetwork } from '../../conflist/bridge-network.ts';
import { ipMasqIn } from '../../conflist/ip-masq.ts';
import { type FoundConflist, findConflist, labelsIn, readConflists } from '../../conflist/read-folder.ts';
import { ownership } from '../../own-label.ts';
import { type Backend, type StoredNetwork, brokenFileHint } from '../backend.ts';

export const podmanCni: Backend = {
  name: 'cni',
  defaultFolder: '/etc/cni/net.d',
  defaultBridge: 'cni-podman0',
  async readNetworks(files, folder, names) {
    const found = await readConflists(files, folder);
    return names.map((name) => {
      const file = findConflist(found, name, brokenFileHint);
      return file ? storedNetwork(file) : absentNetwork(name, folder);
    });
  },
  async listLabelled(files, folder, label) {
    return labelsIn(await readConflists(files, folder), ({ args }) => args?.podman_labels, label);
  },
};

function storedNetwork(file: FoundConflist): StoredNetwork {
  const { dataDir: _, ...network } = bridgeNetwork(file, brokenFileHint);
  const { name, args } = file.conflist;
  return { name, exists: true, ...ownership(args?.podman_labels), ...network };
}

/** Podman names the file after the network and enables masquerade in it. */
function absentNetwork(name: string, folder: string): StoredNetwork {
  return {
    name,
    exists: false,
    subnets: [],
    masquerade: ipMasqIn(join(folder, `${name}.conflist`), true),
  };
}
