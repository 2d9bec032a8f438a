/** Obstacles on the engine's side: they close a network until they are removed. */
import { type Family, type Subnet, familyOf, overlaps } from '../../address/cidr.ts';
import { ofFamily } from '../addresses.ts';
import type { Facts, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { replyObstacles } from './inbound-links.ts';
import { factsOf } from './network-facts.ts';
import { type ActualSubnets, differingSubnets } from './own-subnets.ts';
import type { NotReady } from '../redirect.ts';

/** A network of the file as it is on this host. */
export interface NetworkState {
  readonly network: NodeNetwork;
  /** its subnets, if they differ from the file */
  readonly actual: readonly ActualSubnets[];
  /** why it is closed, in all families or in one */
  readonly obstacles: readonly NotReady[];
}

export function networkStates(
  networks: readonly NodeNetwork[],
  facts: Facts,
  closing: boolean,
): NetworkState[] {
  const found = networks.map((network) => ({ network, actual: differingSubnets(network, facts) }));
  if (closing) return found.map((one) => ({ ...one, obstacles: [] }));
  const unexpected = found.flatMap(unexpectedSubnets);
  return found.map((one) => ({ ...one, obstacles: obstaclesOf(one, unexpected, facts) }));
}

type Found = Omit<NetworkState, 'obstacles'>;

/** A subnet that a network has, but not in the file. */
interface UnexpectedSubnet {
  readonly network: string;
  readonly subnet: Subnet;
}

function unexpectedSubnets({ network, actual }: Found): UnexpectedSubnet[] {
  return actual
    .flatMap(({ subnets }) => subnets)
    .filter((subnet) => !network.subnets.includes(subnet))
    .map((subnet) => ({ network: network.name, subnet }));
}

function obstaclesOf(
  { network, actual }: Found,
  unexpected: readonly UnexpectedSubnet[],
  facts: Facts,
): NotReady[] {
  const found = factsOf(network, facts);
  const whole = wholeObstacle(network, found, facts);
  if (whole) return [{ what: networkText(network), ...whole }];
  return [
    ...actual.map((other) => mismatch(network, other, found)),
    ...unexpected.filter((one) => hasOverlap(one, network)).map((one) => subnetInUse(network, one)),
    ...(found ? replyObstacles(network, found, facts) : []),
  ];
}

export function inFamily(obstacles: readonly NotReady[], family: Family): readonly NotReady[] {
  return obstacles.filter((one) => one.family === undefined || one.family === family);
}

export function networkText({ name }: Pick<NodeNetwork, 'name'>): string {
  return `network ${name}`;
}

function wholeObstacle(
  network: NodeNetwork,
  found: NetworkFacts | undefined,
  facts: Facts,
): Omit<NotReady, 'what'> | undefined {
  const { engine } = network;
  const unread = facts.unreadEngines?.[engine];
  if (unread) {
    const { why, hint = `fix that, then run apply again` } = unread;
    return { message: `${networkText(network)}: ${engine} cannot be queried: ${why}`, hint };
  }
  const why = found?.missing ?? found?.unusable;
  return why && { message: `${networkText(network)}: ${why.what}`, hint: why.hint };
}

function mismatch(
  network: NodeNetwork,
  { family, by, subnets }: ActualSubnets,
  found: NetworkFacts | undefined,
): NotReady {
  const of = ofFamily(network.subnets, family).join(', ');
  const has = subnets.length === 0 ? `no IPv${family} subnet` : subnets.join(', ');
  const remove = found?.commands?.remove;
  const byEngine = network.engine !== 'external' && found !== undefined;
  return {
    what: networkText(network),
    family,
    message: `${networkText(network)}: ${by} ${byEngine ? 'gave it' : 'has'} ${has}, the file says ${of}`,
    hint: byEngine
      ? `write the engine's subnet into the file, or remove the network${remove === undefined ? '' : ` (\`${remove}\`)`} and let apply create it`
      : `write the subnet of the whole bridge into the file, or give ${by} the one of the file`,
  };
}

function hasOverlap({ network, subnet }: UnexpectedSubnet, { name, subnets, blocked }: NodeNetwork): boolean {
  return (
    network !== name && !blocked.includes(familyOf(subnet)) && subnets.some((one) => overlaps(one, subnet))
  );
}

/** Containers of the other network would use this network's gateway. */
function subnetInUse(network: NodeNetwork, one: UnexpectedSubnet): NotReady {
  return {
    what: networkText(network),
    family: familyOf(one.subnet),
    message: `${networkText(network)}: ${one.subnet} is used by network ${one.network} on this host`,
    hint: 'recreate the networks with the subnets of the file, or write their actual subnets into the file',
  };
}
