/** Replies that docker drops because their device is not the bridge, and the commands that recreate a network. */
import { families as allFamilies } from '../../address/cidr.ts';
import { quoteWord } from '../../host/process/shell-word.ts';
import type { DropsReplies } from '../../state/facts.ts';
import { type Endpoint, endpointOptions } from './endpoints.ts';
import type { DockerInfo } from './info.ts';
import type { DockerNetwork } from './schema.ts';
import { optionNames } from './schema.ts';

export interface Attached {
  readonly id: string;
  readonly name: string;
  readonly endpoint?: Endpoint | undefined;
}

/** Docker drops replies since 28.2; earlier versions drop at most packets to published ports. */
export function dropsReplies(
  { dropsReplies: drops, iptables }: DockerInfo,
  network: DockerNetwork | undefined,
  containers: readonly Attached[],
): { dropsReplies?: DropsReplies } {
  if (!drops) return {};
  const options = network?.Options ?? {};
  const families = allFamilies.filter(
    (family) => (options[family === 4 ? optionNames.mode4 : optionNames.mode6] || 'nat') === 'nat',
  );
  if (families.length === 0) return {};
  const trusted = options[optionNames.trusted]?.split(':').filter(Boolean) ?? [];
  const remake = network ? recreateCommands(network, containers) : [];
  return { dropsReplies: { families, trusted, iptables, remake } };
}

/** Commands that recreate the network with the same options, and reconnect containers with the same addresses. */
function recreateCommands(network: DockerNetwork, containers: readonly Attached[]): string[] {
  const { Name: name } = network;
  return [
    ...containers.map((container) => ['docker', 'network', 'disconnect', name, container.name]),
    ['docker', 'network', 'rm', name],
    [...createCommand(network), name],
    ...containers.map((container) => [
      'docker',
      'network',
      'connect',
      ...addressOptions(network, container),
      ...endpointOptions(container.id, container.endpoint),
      name,
      container.name,
    ]),
  ].map((argv) => argv.map(quoteWord).join(' '));
}

function createCommand({ Options, Labels, IPAM, EnableIPv6 }: DockerNetwork): string[] {
  const options = Object.entries(Options ?? {}).filter(([option]) => option !== optionNames.trusted);
  return [
    'docker',
    'network',
    'create',
    ...Object.entries(Labels ?? {}).flatMap(([label, value]) => ['--label', `${label}=${value}`]),
    ...(EnableIPv6 ? ['--ipv6'] : []),
    ...(IPAM.Config ?? []).flatMap(({ Subnet, Gateway, IPRange, AuxiliaryAddresses }) => [
      '--subnet',
      Subnet,
      ...(Gateway ? ['--gateway', Gateway] : []),
      ...(IPRange ? ['--ip-range', IPRange] : []),
      ...Object.entries(AuxiliaryAddresses ?? {}).flatMap(([name, address]) => [
        '--aux-address',
        `${name}=${address}`,
      ]),
    ]),
    ...options.flatMap(([option, value]) => ['--opt', `${option}=${value}`]),
    '--opt',
    `${optionNames.trusted}=DEVICES`,
  ];
}

/** A stopped container has no current address: its configured address, if any, is used. */
function addressOptions({ Containers }: DockerNetwork, { name, endpoint }: Attached): string[] {
  const found = Object.values(Containers ?? {}).find(({ Name }) => Name === name) ?? endpoint?.IPAMConfig;
  const [four, six] = [found?.IPv4Address, found?.IPv6Address].map((text) => text?.split('/')[0]);
  return [...(four ? ['--ip', four] : []), ...(six ? ['--ip6', six] : [])];
}
