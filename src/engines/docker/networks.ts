/** Docker's networks, which it keeps in a database of its own and tells by its command. */
import { commandError } from '../../host/exec.ts';
import type { Exec } from '../../host/ports.ts';
import { decodeJson, decodeValue } from '../decode.ts';
import { unfitNetwork } from '../unfit-network.ts';
import { type DockerNetwork, anyNetworksSchema, networksSchema, optionNames } from './schema.ts';

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
  const source = argv.join(' ');
  // What is no name may be the beginning of another network's id.
  const named = decodeJson(anyNetworksSchema, output.stdout, source).filter(({ Name }) =>
    names.includes(Name),
  );
  for (const { Name, Driver } of named) {
    if (Driver !== 'bridge') throw unfitNetwork(Name, `docker has it, and it has driver ${Driver}`);
  }
  return new Map(decodeValue(networksSchema, named, source).map((found) => [found.Name, found]));
}

/** `Error: No such network: web`, and since 23.0 `Error response from daemon: network web not found` */
function isMissing(line: string): boolean {
  return /No such network|network .* not found/.test(line);
}

/** Throws when it cannot be redirected. */
export function bridgeOf({ Name, Id, Internal, Options }: DockerNetwork): string {
  if (Internal) throw unfitNetwork(Name, 'docker has it, and it is internal');
  return Options?.[optionNames.bridge] ?? `br-${Id.slice(0, 12)}`;
}
