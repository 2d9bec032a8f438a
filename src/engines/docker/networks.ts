/** Docker networks, read with docker's command, since docker keeps them in a database of its own. */
import { MustredirectError } from '../../error.ts';
import { commandError, runOrFail } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { decodeJson, decodeValue } from '../decode.ts';
import type { NetworkLabel } from '../engine.ts';
import { bridgelessNetwork, unusableNetwork } from '../unusable-network.ts';
import { readInfo } from './info.ts';
import { type DockerNetwork, anyNetworksSchema, labelLine, networksSchema, optionNames } from './schema.ts';

/** Network name -> network; missing ones are omitted. */
export async function readStoredNetworks(
  exec: Exec,
  names: readonly string[],
): Promise<ReadonlyMap<string, DockerNetwork>> {
  const argv = ['docker', 'network', 'inspect', ...names];
  const output = await exec.run(argv);
  // docker exits with an error when a network is missing, but still prints the others.
  const otherErrors = output.stderr.split('\n').filter((line) => line && !isMissing(line));
  if (output.exitCode !== 0 && otherErrors.length > 0) throw commandError(argv, output);
  const source = argv.join(' ');
  // docker also accepts the beginning of an id: keep only networks whose name matches.
  const named = decodeJson(anyNetworksSchema, output.stdout, source).filter(({ Name }) =>
    names.includes(Name),
  );
  // Networks of other drivers have other fields; only their names are used.
  const known = named.map((one) =>
    one.Driver === 'bridge' ? one : { Name: one.Name, Id: one['Id'], Driver: one.Driver, IPAM: {} },
  );
  return new Map(decodeValue(networksSchema, known, source).map((found) => [found.Name, found]));
}

/** Networks with a label. The daemon is asked first: without one, this command has another message. */
export async function listLabelled(exec: Exec, label: string): Promise<NetworkLabel[]> {
  await readInfo(exec);
  const format = `[{{json .Name}},{{json (.Label "${label}")}}]`;
  const argv = ['docker', 'network', 'ls', '--no-trunc', '--filter', `label=${label}`, '--format', format];
  const lines = (await runOrFail(exec, argv)).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [name, value] = decodeJson(labelLine, line, argv.join(' '));
    return { name, value };
  });
}

/** `Error: No such network: web`, and since 23.0 `Error response from daemon: network web not found` */
function isMissing(line: string): boolean {
  return /No such network|network .* not found/.test(line);
}

/** Bridge and subnets of the network, or the reason why it cannot be redirected. */
export function bridgeAndSubnets(
  network: DockerNetwork,
): Pick<NetworkFacts, 'subnets' | 'bridge' | 'unusable'> {
  const { Driver, Internal, IPAM } = network;
  if (Driver !== 'bridge') return bridgelessNetwork(`docker has it, and it has driver ${Driver}`);
  return {
    ...(Internal ? unusableNetwork('docker has it, and it is internal') : {}),
    subnets: (IPAM.Config ?? []).map(({ Subnet }) => Subnet),
    bridge: bridgeOf(network),
  };
}

function bridgeOf({ Name, Id, Options }: DockerNetwork): string {
  const named = Options?.[optionNames.bridge];
  if (named !== undefined) return named;
  // The id becomes part of commands. The id of a swarm network, which has no bridge, is alphanumeric.
  if (!/^[0-9a-f]{12}/.test(Id)) {
    throw new MustredirectError('failed', `docker: network ${Name} has id ${Id}, which names no bridge`);
  }
  return `br-${Id.slice(0, 12)}`;
}
