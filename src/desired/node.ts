/** A node's part: its containers' packets go to the gateway. */
import { contains, type Family, type Subnet, familyOf, mergeSubnets, sortSubnets } from '../address/cidr.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Facts } from '../state/facts.ts';
import { forwardRefusals } from './forward-policy.ts';
import { besideOf, bridgeOf } from './bridge.ts';
import { inboundLinks } from './engine-answers.ts';
import { factsOf } from './network-facts.ts';
import { hopsTowards, linkTowards } from './neighbours.ts';
import { gatewayRefusals, subnetRefusals } from './node-refusals.ts';
import type { Numbers } from './numbers.ts';
import { type Part, type Refusal, closedPart } from './parts.ts';
import { nodeRoutes } from './routed.ts';
import { closedDefault, openDefault } from './routes.ts';

export function nodePart(
  network: NodeNetwork,
  family: Family,
  facts: Facts,
  numbers: Numbers,
  refusals: Refusal[],
): Part {
  const name = `network ${network.name}`;
  const closed: Part = {
    ...closedPart(name, family, subnetsIn(network, family, facts)),
    ...bridgePart(network, family, facts),
    local: true,
    inbound: inboundLinks(network, family, facts),
    ...(network.engine === 'external' ? { routeless: true } : {}),
  };
  const { subnets, bridge } = closed;
  if (subnets.length === 0) return closed;
  refusals.push(...subnets.flatMap((subnet) => subnetRefusals(network, subnet, bridge, facts)));
  if (!isOpen(network, family)) return closed;
  return { ...closed, ...openWays(network, closed, facts, numbers, refusals) };
}

type Ways = Pick<Part, 'steer' | 'routed' | 'routes' | 'direct' | 'masqueradeDirect' | 'hops'>;

function openWays(
  network: NodeNetwork,
  { name, family, subnets, bridge }: Part,
  facts: Facts,
  numbers: Numbers,
  refusals: Refusal[],
): Ways {
  const { gateway } = network;
  const table = numbers.gateways[gateway]?.table ?? 0;
  const nextHops = network.nextHops.filter((hop) => familyOf(hop) === family);
  const [via] = nextHops;
  const link = via === undefined ? undefined : linkTowards(via, facts, subnets);
  if (via !== undefined) refusals.push(...gatewayRefusals(network, via, link, facts.links));
  // Other engines accept their containers' packets themselves, when one is started.
  if (network.engine === 'external') {
    const passages = subnets.map((subnet) => ({
      subnet,
      inner: bridge,
      outer: link?.name,
      called: (network.called ?? []).some(({ to }) => contains(subnet, to)),
    }));
    refusals.push(...forwardRefusals(name, passages, facts.forwardFilters));
  }
  const others = nodeRoutes(network, family, subnets, facts, numbers, refusals);
  // Of a network with routes they are among those.
  const direct = network.routes
    ? []
    : mergeSubnets(network.direct.filter((subnet) => familyOf(subnet) === family));
  const hasDirect = direct.length > 0 || others.hasDirect;
  const open =
    via === undefined || !link
      ? []
      : [openDefault(family, table, { via, device: link.name }, `gateway ${gateway} is at ${via}`)];
  return {
    steer: { gateway, table, why: `every packet of ${network.name} goes to gateway ${gateway}` },
    routes: [closedDefault(family, table, gateway), ...open, ...others.tables],
    ...(others.routed ? { routed: others.routed } : {}),
    direct,
    masqueradeDirect: hasDirect && isSwitchedOff(network, facts),
    hops: hopsTowards(nextHops, subnets, facts),
  };
}

function bridgePart(
  network: NodeNetwork,
  family: Family,
  facts: Facts,
): Pick<Part, 'beside'> & { readonly bridge?: string } {
  const bridge = bridgeOf(network, facts);
  if (bridge === undefined) return { beside: [] };
  return { bridge, beside: besideOf(network, bridge, family, facts) };
}

/** A family that is blocked, or that the file does not mention, goes nowhere. */
function isOpen({ subnets, blocked }: NodeNetwork, family: Family): boolean {
  return !blocked.includes(family) && subnets.some((subnet) => familyOf(subnet) === family);
}

/** Of a family that goes nowhere, also those that only the engine knows of. */
function subnetsIn(network: NodeNetwork, family: Family, facts: Facts): Subnet[] {
  const engines = isOpen(network, family) ? [] : (factsOf(network, facts)?.subnets ?? []);
  const all = [...network.subnets, ...engines].filter((subnet) => familyOf(subnet) === family);
  return sortSubnets([...new Set(all)]);
}

/** Whether the engine's masquerade would be on, had we not switched it off, or were we not about to. */
function isSwitchedOff(network: NodeNetwork, facts: Facts): boolean {
  const { engine, name } = network;
  const found = factsOf(network, facts);
  const kept = facts.ledger.networks.find((n) => n.engine === engine && n.name === name);
  return found?.masquerade?.enabled === true || kept?.edited !== undefined || found?.masqueraded === true;
}
