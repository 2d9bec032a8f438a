/** Docker's networks, which it keeps in a database of its own and tells by its command. */
import { MustredirectError } from '../../error.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { decodeJson, decodeValue } from '../decode.ts';
import { bridgelessNetwork, unfitNetwork } from '../unfit-network.ts';
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
  // Those of another driver have other fields; nothing but their names counts.
  const known = named.map((one) =>
    one.Driver === 'bridge' ? one : { Name: one.Name, Id: one['Id'], Driver: one.Driver, IPAM: {} },
  );
  return new Map(decodeValue(networksSchema, known, source).map((found) => [found.Name, found]));
}

/** `Error: No such network: web`, and since 23.0 `Error response from daemon: network web not found` */
function isMissing(line: string): boolean {
  return /No such network|network .* not found/.test(line);
}

/** How its packets come into this host, or why they cannot be redirected. */
export function wayIn(network: DockerNetwork): Pick<NetworkFacts, 'subnets' | 'bridge' | 'unfit'> {
  const { Driver, Internal, IPAM } = network;
  if (Driver !== 'bridge') return bridgelessNetwork(`docker has it, and it has driver ${Driver}`);
  return {
    ...(Internal ? unfitNetwork('docker has it, and it is internal') : {}),
    subnets: (IPAM.Config ?? []).map(({ Subnet }) => Subnet),
    bridge: bridgeOf(network),
  };
}

function bridgeOf({ Name, Id, Options }: DockerNetwork): string {
  const named = Options?.[optionNames.bridge];
  if (named !== undefined) return named;
  // It becomes part of commands. Those of a swarm, which have no bridge, are no hexadecimal numbers.
  if (!/^[0-9a-f]{12}/.test(Id)) {
    throw new MustredirectError('failed', `docker: network ${Name} has id ${Id}, which names no bridge`);
  }
  return `br-${Id.slice(0, 12)}`;
}
