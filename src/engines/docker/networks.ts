/** Docker's networks, which it keeps in a database of its own and tells by its command. */
import { commandError } from '../../host/exec.ts';
import type { Exec } from '../../host/ports.ts';
import { decodeJson } from '../decode.ts';
import { unfitNetwork } from '../unfit-network.ts';
import { type DockerNetwork, networksSchema, optionNames } from './schema.ts';

/** By name; those that are not there are left out. */
export async function readStoredNetworks(
  exec: Exec,
  names: readonly string[],
): Promise<ReadonlyMap<string, DockerNetwork>> {
  const argv = ['docker', 'network', 'inspect', ...names];
  const output = await exec.run(argv);
  // It fails when one is missing, and has told of the others all the same.
  const said = output.stderr.split('\n').filter((line) => line && !isMissing(line));
  if (output.exitCode !== 0 && said.length > 0) throw commandError(argv, output);
  const networks = decodeJson(networksSchema, output.stdout, argv.join(' '));
  // What is no name may be the beginning of another network's id.
  return new Map(networks.filter(({ Name }) => names.includes(Name)).map((found) => [found.Name, found]));
}

/** `Error: No such network: web`, and since 23.0 `Error response from daemon: network web not found` */
function isMissing(line: string): boolean {
  return /No such network|network .* not found/.test(line);
}

/** Throws when it cannot be redirected. */
export function bridgeOf({ Name, Id, Driver, Internal, Options }: DockerNetwork): string {
  if (Driver !== 'bridge') throw unfitNetwork(Name, `docker has it, and it has driver ${Driver}`);
  if (Internal) throw unfitNetwork(Name, 'docker has it, and it is internal');
  return Options?.[optionNames.bridge] ?? `br-${Id.slice(0, 12)}`;
}
