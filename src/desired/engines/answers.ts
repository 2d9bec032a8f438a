/**
 * Docker 28.2 and later drop, before anything else sees it, what comes to a container by another device than its bridge:
 * answers from the gateway too. A network can be made to trust a device, and never changed afterwards.
 */
import { type Family, type Subnet, contains, familyOf } from '../../address/cidr.ts';
import type { DropsAnswers, Facts, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { InboundLink } from '../redirect.ts';
import { hopsTowards } from '../routing/neighbours.ts';
import { factsOf } from './network-facts.ts';
import type { NotReady, DesiredObject } from '../redirect.ts';

interface ReplyLink {
  readonly subnet: Subnet;
  readonly family: Family;
  readonly device: string;
}

/** Those by which the answers to a network come in. */
export function answerDevices(network: NodeNetwork, facts: Facts): string[] {
  return [...new Set(replyLinksOf(network, facts).map(({ device }) => device))];
}

/** What lets answers into a network that is there. */
export function letAnswersIn(network: NodeNetwork, found: NetworkFacts, facts: Facts): DesiredObject[] {
  if (!network.acceptReplies || !found.dropsAnswers?.iptables) return [];
  return droppedWays(network, found, facts).map((way) => exception(way, network));
}

/** Where nothing can let them in. */
export function answerObstacles(network: NodeNetwork, found: NetworkFacts, facts: Facts): NotReady[] {
  const { dropsAnswers: drops } = found;
  if (!drops || (network.acceptReplies && drops.iptables)) return [];
  const dropped = droppedWays(network, found, facts);
  const families = [...new Set(dropped.map(({ family }) => family))];
  return families.map((family) => ({
    what: `network ${network.name}`,
    family,
    ...obstacle(network, found, drops, { dropped, family }),
  }));
}

/** Whether a gateway is a neighbour: then a network can be made that lets its answers in. */
export function hasWayIn(network: NodeNetwork, facts: Facts): boolean {
  return replyLinksOf(network, facts).length > 0;
}

function droppedWays(
  network: NodeNetwork,
  { exists, dropsAnswers: drops }: NetworkFacts,
  facts: Facts,
): ReplyLink[] {
  if (!exists || !drops) return [];
  return replyLinksOf(network, facts).filter(
    ({ family, device }) => drops.families.includes(family) && !drops.trusted.includes(device),
  );
}

/**
 * The links that were opened for answers: by a rule of ours, or by the engine itself, which trusts a device for ever. What
 * else somebody told it to trust is theirs.
 */
export function inboundLinks(network: NodeNetwork, family: Family, facts: Facts): InboundLink[] {
  const found = factsOf(network, facts);
  if (!found?.dropsAnswers?.families.includes(family)) return [];
  const trusted = found.ours ? found.dropsAnswers.trusted : [];
  const subnets = network.subnets.filter((subnet) => familyOf(subnet) === family);
  const devices = replyLinksOf(network, facts)
    .filter((way) => way.family === family)
    .map(({ device }) => device);
  return subnets.flatMap((subnet) => {
    const called = (network.called ?? []).filter(({ to }) => contains(subnet, to));
    return [...new Set([...devices, ...trusted])].map((device) => ({ subnet, device, called }));
  });
}

/** From the gateway of the network, and from those that its routes lead to. */
function replyLinksOf({ subnets, blocked, nextHops, routes }: NodeNetwork, facts: Facts): ReplyLink[] {
  return subnets.flatMap((subnet) => {
    const family = familyOf(subnet);
    if (blocked.includes(family)) return [];
    const hops = [nextHops, ...Object.values(routes?.nextHops ?? {})].flatMap(
      (addresses) => addresses.find((address) => familyOf(address) === family) ?? [],
    );
    const devices = hopsTowards(hops, subnets, facts).map(({ device }) => device);
    return [...new Set(devices)].map((device) => ({ subnet, family, device }));
  });
}

/** In the words and the order of `iptables-save`. */
function exception({ subnet, family, device }: ReplyLink, { name }: NodeNetwork): DesiredObject {
  return {
    object: {
      kind: 'iptables-rule',
      family,
      table: 'raw',
      chain: 'PREROUTING',
      args: ['-d', subnet, '-i', device, '-j', 'ACCEPT'],
    },
    why: `accept_replies: allow replies to ${name}, which Docker would drop`,
  };
}

function obstacle(
  network: NodeNetwork,
  { backend }: NetworkFacts,
  { iptables, remake, trusted }: DropsAnswers,
  { dropped, family }: { readonly dropped: readonly ReplyLink[]; readonly family: Family },
): Pick<NotReady, 'message' | 'hint'> {
  // It is made anew once, for both families.
  const devices = [...new Set(dropped.map(({ device }) => device))];
  const ofFamily = dropped.filter((way) => way.family === family);
  const by = [...new Set(ofFamily.map(({ device }) => device))].join(', ');
  const subnets = ofFamily.map(({ subnet }) => subnet).join(', ');
  const commands = remake.map((line) => line.replace('DEVICES', [...trusted, ...devices].join(':')));
  const instead = iptables
    ? ', or write `accept_replies: true` into the network'
    : network.acceptReplies
      ? '; accept_replies cannot help: its firewall backend is nftables, where a drop is final'
      : '';
  return {
    message: `network ${network.name}: ${backend} drops replies to ${subnets} on ${by}`,
    hint: `recreate it: \`${commands.join(' && ')}\`${instead}`,
  };
}
