/** Obstacles that the engine reports: the network is closed until they are removed. */
import { type Family, type Subnet, familyOf, overlaps } from '../../address/cidr.ts';
import type { Facts, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { answerObstacles } from './answers.ts';
import { factsOf } from './network-facts.ts';
import { type OtherSubnets, otherSubnets } from './own-subnets.ts';
import type { NotReady } from '../redirect.ts';

/** One network of the file as it is on this host. */
export interface NetworkState {
  readonly network: NodeNetwork;
  /** subnets that it has, where they are not those of the file */
  readonly others: readonly OtherSubnets[];
  /** why it is closed, in all families or in some */
  readonly obstacles: readonly NotReady[];
}

export function networkStates(
  networks: readonly NodeNetwork[],
  facts: Facts,
  closing: boolean,
): NetworkState[] {
  const found = networks.map((network) => ({ network, others: otherSubnets(network, facts) }));
  if (closing) return found.map((one) => ({ ...one, obstacles: [] }));
  const strays = found.flatMap(straysOf);
  return found.map((one) => ({ ...one, obstacles: obstaclesOf(one, strays, facts) }));
}

type Found = Omit<NetworkState, 'obstacles'>;

/** A subnet that a network has, and that the file does not give it. */
interface Stray {
  readonly network: string;
  readonly subnet: Subnet;
}

function straysOf({ network, others }: Found): Stray[] {
  return others
    .flatMap(({ subnets }) => subnets)
    .filter((subnet) => !network.subnets.includes(subnet))
    .map((subnet) => ({ network: network.name, subnet }));
}

function obstaclesOf({ network, others }: Found, strays: readonly Stray[], facts: Facts): NotReady[] {
  const found = factsOf(network, facts);
  const whole = wholeObstacle(network, found, facts);
  if (whole) return [{ what: whatOf(network), ...whole }];
  return [
    ...others.map((other) => mismatch(network, other, found)),
    ...strays.filter((stray) => takes(stray, network)).map((stray) => taken(network, stray)),
    ...(found ? answerObstacles(network, found, facts) : []),
  ];
}

/** Those that are about a family. */
export function inFamily(obstacles: readonly NotReady[], family: Family): readonly NotReady[] {
  return obstacles.filter((one) => one.family === undefined || one.family === family);
}

export function whatOf({ name }: Pick<NodeNetwork, 'name'>): string {
  return `network ${name}`;
}

function wholeObstacle(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  facts: Facts,
): Omit<NotReady, 'what'> | undefined {
  const { engine } = network;
  const silent = facts.silentEngines?.[engine];
  if (silent) {
    const { why, hint = `fix that, then run apply again` } = silent;
    return { message: `${whatOf(network)}: ${engine} cannot be queried: ${why}`, hint };
  }
  const why = found?.missing ?? found?.unfit;
  return why && { message: `${whatOf(network)}: ${why.what}`, hint: why.hint };
}

function mismatch(
  network: NodeNetwork,
  { family, by, subnets }: OtherSubnets,
  found: NetworkFacts | undefined,
): NotReady {
  const of = network.subnets.filter((subnet) => familyOf(subnet) === family).join(', ');
  const has = subnets.length === 0 ? `no IPv${family} subnet` : subnets.join(', ');
  const remove = found?.commands?.remove;
  const byEngine = network.engine !== 'external' && found !== undefined;
  return {
    what: whatOf(network),
    family,
    message: `${whatOf(network)}: ${by} ${byEngine ? 'gave it' : 'has'} ${has}, the file says ${of}`,
    hint: byEngine
      ? `write the engine's subnet into the file, or remove the network${remove === undefined ? '' : ` (\`${remove}\`)`} and let apply create it`
      : `write the subnet of the whole bridge into the file, or give ${by} the one of the file`,
  };
}

function takes({ network, subnet }: Stray, { name, subnets, blocked }: NodeNetwork): boolean {
  return (
    network !== name && !blocked.includes(familyOf(subnet)) && subnets.some((one) => overlaps(one, subnet))
  );
}

/** Its containers would leave by the gateway of this one. */
function taken(network: NodeNetwork, stray: Stray): NotReady {
  return {
    what: whatOf(network),
    family: familyOf(stray.subnet),
    message: `${whatOf(network)}: ${stray.subnet} is used by network ${stray.network} on this host`,
    hint: 'recreate the networks with the subnets of the file, or write their actual subnets into the file',
  };
}
