/** Networks of CNI plugins that no supported engine manages: configuration files that an administrator wrote. */
import type { Host } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { attachedCommand, readAttached } from '../conflist/attached.ts';
import { bridgeNetwork } from '../conflist/bridge-network.ts';
import { conflistFolder } from '../conflist/folder.ts';
import { setIpMasq } from '../conflist/ip-masq.ts';
import { findConflist, readConfigs } from '../conflist/read-folder.ts';
import type { Engine, Environment } from '../engine.ts';
import type { NetworkRequest } from '../../kinds/engine-network/schema.ts';

const brokenFileHint = 'mend or remove the file: the plugins cannot use it either';

export function createCni(env: Environment): Engine {
  return {
    readNetworks: (host, networks) => readNetworks(host, networks, conflistFolder(env)),
    // CNI has no labels.
    listLabelled: () => Promise.resolve([]),
    // The author and the readers of the file are unknown: networks are neither created nor removed.
    createCommand: () => undefined,
    removeCommand: () => undefined,
    inspectCommand: () => undefined,
    attachedCommand,
    editMasquerade: setIpMasq,
  };
}

async function readNetworks(
  { files }: Host,
  networks: readonly NetworkRequest[],
  folder: string,
): Promise<NetworkFacts[]> {
  if (networks.length === 0) return [];
  const found = await readConfigs(files, folder);
  return Promise.all(
    networks.map(async ({ name }): Promise<NetworkFacts> => {
      const common = { engine: 'cni', name, backend: 'cni' } as const;
      const file = findConflist(found, name, brokenFileHint);
      if (!file) return { ...common, exists: false, missing: missing(folder), subnets: [], attached: [] };
      const bridge = bridgeNetwork(file, brokenFileHint);
      const { dataDir: _, ...network } = bridge;
      return {
        ...common,
        exists: true,
        ...network,
        attached: await readAttached(files, name, bridge),
      };
    }),
  );
}

function missing(folder: string): NonNullable<NetworkFacts['missing']> {
  return {
    what: `no file in ${folder} has a network of that name`,
    hint: 'write one with a bridge plugin, or name another network; engine cni creates none',
  };
}
