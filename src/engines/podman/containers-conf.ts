/** containers.conf, read like podman reads it when root runs it. */
import { join } from 'node:path';
import { parse } from 'smol-toml';
import type { Subnet } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { Files } from '../../host/ports.ts';
import { decodeValue } from '../decode.ts';
import type { Environment } from '../engine.ts';
import { containersConfSchema } from './schema.ts';

export interface ContainersConf {
  /** folder of network files, when set */
  readonly networkFolder?: string;
  /** network that podman has without a file */
  readonly defaultNetwork: string;
  readonly defaultSubnet: Subnet;
}

const shipped = '/usr/share/containers/containers.conf';
const administrators = '/etc/containers/containers.conf';

export async function readContainersConf(files: Files, env: Environment): Promise<ContainersConf> {
  const paths = await configPaths(files, env);
  const tables = await Promise.all(paths.map((path) => readNetworkTable(files, path)));
  const {
    network_config_dir: networkFolder,
    default_network: defaultNetwork = 'podman',
    default_subnet: defaultSubnet = '10.88.0.0/16',
  } = Object.assign({}, ...tables) as NetworkTable;
  return { ...(networkFolder ? { networkFolder } : {}), defaultNetwork, defaultSubnet };
}

/** Paths in the order in which podman reads them: later ones win. */
async function configPaths(files: Files, env: Environment): Promise<string[]> {
  const last = env['CONTAINERS_CONF_OVERRIDE'] ? [env['CONTAINERS_CONF_OVERRIDE']] : [];
  if (env['CONTAINERS_CONF']) return [env['CONTAINERS_CONF'], ...last];
  const folder = `${administrators}.d`;
  const names = (await files.list(folder)).filter((name) => name.endsWith('.conf'));
  return [shipped, administrators, ...[...names].sort().map((name) => join(folder, name)), ...last];
}

type NetworkTable = NonNullable<ReturnType<typeof containersConfSchema.parse>['network']>;

async function readNetworkTable(files: Files, path: string): Promise<NetworkTable> {
  const text = await files.read(path);
  if (text === undefined) return {};
  return decodeValue(containersConfSchema, parseToml(text, path), path).network ?? {};
}

function parseToml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0] ?? '';
    throw new MustredirectError('failed', `${path}: ${reason}`, {
      hint: 'fix the file: podman does not start with it either',
      cause: error,
    });
  }
}
