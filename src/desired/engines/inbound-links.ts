/**
 * Docker 28.2 and later drop packets to a container that arrive on another device than its bridge, before any other
 * chain sees them: replies from the gateway too. A network's trusted devices can only be set at creation.
 */
import { type Family, type Subnet, contains, familyOf } from '../../address/cidr.ts';
import { ofFamily } from '../addresses.ts';
import type { DropsReplies, Facts, NetworkFacts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { InboundLink } from '../redirect.ts';
import { hopsTowards } from '../routing/neighbours.ts';
import { factsOf } from './network-facts.ts';
import type { NotReady, DesiredObject } from '../redirect.ts';

interface GatewayLink {
  readonly subnet: Subnet;
  readonly family: Family;
  readonly device: string;
}

/** Devices on which replies from a network's gateways arrive. */
export function gatewayDevices(network: NodeNetwork, facts: Facts): string[] {
  return [...new Set(gatewayLinks(network, facts).map(({ device }) => device))];
}

/** Rules that accept replies to an existing network. */
export function acceptReplyRules(network: NodeNetwork, found: NetworkFacts, facts: Facts): DesiredObject[] {
  if (!network.acceptReplies || !found.dropsReplies?.iptables) return [];
  return linksDroppingReplies(network, found, facts).map((link) => acceptRule(link, network));
}

/**
 * Obstacles of networks whose replies the engine drops, unless `accept_replies: true` lets a rule of ours accept them.
 */
export function replyObstacles(network: NodeNetwork, found: NetworkFacts, facts: Facts): NotReady[] {
  const { dropsReplies: drops } = found;
  if (!drops || (network.acceptReplies && drops.iptables)) return [];
  const dropped = linksDroppingReplies(network, found, facts);
  const families = [...new Set(dropped.map(({ family }) => family))];
  return families.map((family) => ({
    what: `network ${network.name}`,
    family,
    ...obstacle(network, found, drops, { dropped, family }),
  }));
}

/** Whether any gateway is a neighbour: only then the devices that a new network has to trust are known. */
export function hasGatewayLink(network: NodeNetwork, facts: Facts): boolean {
  return gatewayLinks(network, facts).length > 0;
}

function linksDroppingReplies(
  network: NodeNetwork,
  { exists, dropsReplies: drops }: NetworkFacts,
  facts: Facts,
): GatewayLink[] {
  if (!exists || !drops) return [];
  return gatewayLinks(network, facts).filter(
    ({ family, device }) => drops.families.includes(family) && !drops.trusted.includes(device),
  );
}

/**
 * Links that are open for replies: by a rule of ours, or because our network trusts them. The user may trust others.
 */
export function inboundLinks(network: NodeNetwork, family: Family, facts: Facts): InboundLink[] {
  const found = factsOf(network, facts);
  if (!found?.dropsReplies?.families.includes(family)) return [];
  const trusted = found.ours ? found.dropsReplies.trusted : [];
  const subnets = ofFamily(network.subnets, family);
  const devices = gatewayLinks(network, facts)
    .filter((link) => link.family === family)
    .map(({ device }) => device);
  return subnets.flatMap((subnet) => {
    const inboundPorts = (network.inboundPorts ?? []).filter(({ to }) => contains(subnet, to));
    return [...new Set([...devices, ...trusted])].map((device) => ({ subnet, device, inboundPorts }));
  });
}

/** Links to the network's gateway, and to the gateways of its routes. */
function gatewayLinks({ subnets, blocked, nextHops, routes }: NodeNetwork, facts: Facts): GatewayLink[] {
  return subnets.flatMap((subnet) => {
    const family = familyOf(subnet);
    if (blocked.includes(family)) return [];
    const hops = [nextHops, ...Object.values(routes?.nextHops ?? {})].flatMap((addresses) =>
      ofFamily(addresses, family).slice(0, 1),
    );
    const devices = hopsTowards(hops, subnets, facts).map(({ device }) => device);
    return [...new Set(devices)].map((device) => ({ subnet, family, device }));
  });
}

/** Arguments have the form and order of `iptables-save`. */
function acceptRule({ subnet, family, device }: GatewayLink, { name }: NodeNetwork): DesiredObject {
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
  { iptables, remake, trusted }: DropsReplies,
  { dropped, family }: { readonly dropped: readonly GatewayLink[]; readonly family: Family },
): Pick<NotReady, 'message' | 'hint'> {
  // The network is recreated once for both families.
  const devices = [...new Set(dropped.map(({ device }) => device))];
  const own = dropped.filter((link) => link.family === family);
  const deviceNames = [...new Set(own.map(({ device }) => device))].join(', ');
  const subnets = own.map(({ subnet }) => subnet).join(', ');
  const commands = remake.map((line) => line.replace('DEVICES', [...trusted, ...devices].join(':')));
  const instead = iptables
    ? ', or write `accept_replies: true` into the network'
    : network.acceptReplies
      ? '; accept_replies cannot help: its firewall backend is nftables, where a drop is final'
      : '';
  return {
    message: `network ${network.name}: ${backend} drops replies to ${subnets} on ${deviceNames}`,
    hint: `recreate it: \`${commands.join(' && ')}\`${instead}`,
  };
}
