/** nerdctl, which writes its networks as CNI configuration lists, in one folder for each namespace. */
import { join } from 'node:path';
import type { Files, Host } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { bridgeNetwork } from '../conflist/bridge-network.ts';
import { conflistFolder } from '../conflist/folder.ts';
import { setIpMasq } from '../conflist/ip-masq.ts';
import {
  type ConflistFile,
  type FoundConflist,
  findConflist,
  labelsIn,
  readConflists,
} from '../conflist/read-folder.ts';
import type { Engine, Environment } from '../engine.ts';
import type { NetworkRequest } from '../../kinds/engine-network/schema.ts';
import { ownLabel, ownership } from '../own-label.ts';
import { readContainers } from './containers.ts';
import { readVersion, versionCommand } from './version.ts';

const brokenFileHint = 'mend or remove the file: nerdctl cannot use it either';

export function createNerdctl(env: Environment): Engine {
  return {
    readNetworks: (host, networks) => readNetworks(host, networks, conflistFolder(env)),
    listLabelled: async ({ exec, files }, label) => {
      // nerdctl's files may be left over from one that has been removed.
      await readVersion(exec);
      const found = await readFolders(files, conflistFolder(env));
      return labelsIn(found, ({ nerdctlLabels }) => nerdctlLabels, label);
    },
    createCommand: ({ name, subnets, mtu }) => [
      'nerdctl',
      'network',
      'create',
      '--label',
      `${ownLabel.key}=${ownLabel.value}`,
      ...(subnets.some((subnet) => subnet.includes(':')) ? ['--ipv6'] : []),
      ...subnets.flatMap((subnet) => ['--subnet', subnet]),
      '--opt',
      'ip-masq=false',
      ...(mtu === undefined ? [] : ['--opt', `mtu=${mtu}`]),
      name,
    ],
    removeCommand,
    inspectCommand: (name) => ['nerdctl', 'network', 'inspect', name],
    attachedCommand: (name) => ['nerdctl', 'ps', '--all', '--quiet', '--filter', `network=${name}`],
    editMasquerade: setIpMasq,
    lasting: [versionCommand],
  };
}

async function readNetworks(
  { exec, files }: Host,
  networks: readonly NetworkRequest[],
  folder: string,
): Promise<NetworkFacts[]> {
  if (networks.length === 0) return [];
  const [version, containers, found] = await Promise.all([
    readVersion(exec),
    readContainers(exec),
    readFolders(files, folder),
  ]);
  return networks.map(({ name }) => {
    const file = findConflist(found, name, brokenFileHint, 'nerdctl-');
    return {
      engine: 'nerdctl',
      name,
      backend: `nerdctl ${version}`,
      ...(file ? storedNetwork(file) : { exists: false, masqueraded: true as const, subnets: [] }),
      commands: { remove: removeCommand(name).join(' ') },
      attached: containers.get(name) ?? [],
    };
  });
}

/** Reads the folder itself, where older versions keep all networks, then the folder of each namespace. */
async function readFolders(files: Files, folder: string): Promise<ConflistFile[]> {
  const namespaces = (await files.list(folder)).filter((name) => !name.includes('.')).toSorted();
  const folders = [folder, ...namespaces.map((name) => join(folder, name))];
  return (await Promise.all(folders.map((one) => readConflists(files, one)))).flat();
}

function storedNetwork(
  file: FoundConflist,
): Pick<NetworkFacts, 'exists' | 'ours' | 'unusable' | 'subnets' | 'bridge'> {
  const { dataDir: _, ...network } = bridgeNetwork(file, brokenFileHint);
  const { ours } = ownership(file.conflist.nerdctlLabels);
  // We create networks without masquerade.
  return { exists: true, ...(ours ? { ours, masqueraded: true } : {}), ...network };
}

function removeCommand(name: string): string[] {
  return ['nerdctl', 'network', 'rm', name];
}
