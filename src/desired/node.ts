/** A node's part: its containers' packets go to the gateway. */
import { contains, familyOf, mergeSubnets } from '../address/cidr.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Facts } from '../state/facts.ts';
import { forwardRefusals } from './forward-policy.ts';
import { linkTowards } from './neighbours.ts';
import { gatewayRefusals, subnetRefusals } from './node-refusals.ts';
import type { Numbers } from './numbers.ts';
import type { Part, Refusal } from './parts.ts';
import { closedDefault, openDefault } from './routes.ts';

export function nodePart(network: NodeNetwork, facts: Facts, numbers: Numbers, refusals: Refusal[]): Part {
  const table = numbers.gateways[network.gateway]?.table ?? 0;
  const nextHops = network.nextHops.filter((hop) => familyOf(hop) === 4);
  const [first] = nextHops;
  const subnets = network.subnets.filter((subnet) => familyOf(subnet) === 4);
  const link = first === undefined ? undefined : linkTowards(first, facts.links, subnets);
  const { bridge } = bridgeOf(network, facts);
  if (first !== undefined) refusals.push(...gatewayRefusals(network, first, link, facts.links));
  refusals.push(...subnets.flatMap((subnet) => subnetRefusals(network, subnet, bridge, facts)));
  // Other engines accept their containers' packets themselves, when one is started.
  if (network.engine === 'external') {
    const passages = subnets.map((subnet) => ({ subnet, inner: bridge, outer: link?.name }));
    refusals.push(...forwardRefusals(`network ${network.name}`, passages, facts.forwardFilters));
  }
  return {
    name: `network ${network.name}`,
    subnets,
    steer: { table, why: `every packet of ${network.name} goes to gateway ${network.gateway}` },
    routes: [
      closedDefault(table, network.gateway),
      ...(first !== undefined && link
        ? [openDefault(table, { via: first, device: link.name }, `gateway ${network.gateway} is at ${first}`)]
        : []),
    ],
    local: true,
    direct: mergeSubnets(network.direct.filter((subnet) => familyOf(subnet) === 4)),
    masqueradeDirect: network.direct.length > 0 && isSwitchedOff(network, facts),
    ...(bridge === undefined ? {} : { bridge }),
    nextHops,
    devices: [],
    returnHops: [],
    outside: [],
  };
}

/** Whether the engine's masquerade would be on, had we not switched it off, or were we not about to. */
function isSwitchedOff({ engine, name }: NodeNetwork, { networks, ledger }: Facts): boolean {
  const found = networks.find((n) => n.engine === engine && n.name === name);
  const kept = ledger.networks.find((n) => n.engine === engine && n.name === name);
  return found?.masquerade?.enabled === true || kept?.edited !== undefined || found?.masqueraded === true;
}

/** A bridge that has addresses of others too is not the network's alone. */
export function bridgeOf({ engine, name, subnets }: NodeNetwork, facts: Facts): { readonly bridge?: string } {
  const isInside = (address: string): boolean =>
    subnets.some((subnet) => contains(subnet, address.split('/')[0] ?? ''));
  const found = facts.networks.find((n) => n.engine === engine && n.name === name);
  const bridge =
    found?.bridge ??
    facts.links.find(({ type, addresses }) => type === 'bridge' && addresses.some(isInside))?.name ??
    keptBridge(facts, name);
  const addresses = facts.links.find((link) => link.name === bridge)?.addresses ?? [];
  const shared = addresses.some((address) => familyOf(address) === 4 && !isInside(address));
  return bridge === undefined || shared ? {} : { bridge };
}

/** One that is gone for now, with its last container, or as at boot, comes back under its name. */
function keptBridge({ ledger: { bridges = {} } }: Facts, network: string): string | undefined {
  return Object.hasOwn(bridges, network) ? bridges[network] : undefined;
}
