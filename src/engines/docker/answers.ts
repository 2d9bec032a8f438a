/** Replies that docker drops because they come in by a device other than the bridge, and the commands that recreate a network. */
import { families as allFamilies } from '../../address/cidr.ts';
import { quoteWord } from '../../host/process/shell-word.ts';
import type { DropsAnswers } from '../../state/facts.ts';
import { type Endpoint, endpointOptions } from './endpoints.ts';
import type { DockerInfo } from './info.ts';
import type { DockerNetwork } from './schema.ts';
import { optionNames } from './schema.ts';

export interface Attached {
  readonly id: string;
  readonly name: string;
  readonly endpoint?: Endpoint | undefined;
}

/** Since 28.2. Earlier ones drop what comes to published ports at most. */
export function dropsAnswers(
  { dropsAnswers: drops, iptables }: DockerInfo,
  network: DockerNetwork | undefined,
  containers: readonly Attached[],
): { dropsAnswers?: DropsAnswers } {
  if (!drops) return {};
  const options = network?.Options ?? {};
  const families = allFamilies.filter(
    (family) => (options[family === 4 ? optionNames.mode4 : optionNames.mode6] || 'nat') === 'nat',
  );
  if (families.length === 0) return {};
  const trusted = options[optionNames.trusted]?.split(':').filter(Boolean) ?? [];
  const remake = network ? remakeCommands(network, containers) : [];
  return { dropsAnswers: { families, trusted, iptables, remake } };
}

/** With all that it was made with; containers get the addresses that they have. */
function remakeCommands(network: DockerNetwork, containers: readonly Attached[]): string[] {
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

/** One that is stopped has the address that it was given, if any. */
function addressOptions({ Containers }: DockerNetwork, { name, endpoint }: Attached): string[] {
  const found = Object.values(Containers ?? {}).find(({ Name }) => Name === name) ?? endpoint?.IPAMConfig;
  const [four, six] = [found?.IPv4Address, found?.IPv6Address].map((text) => text?.split('/')[0]);
  return [...(four ? ['--ip', four] : []), ...(six ? ['--ip6', six] : [])];
}
