/** A node's part: its containers' packets go to the gateway. */
import {
  type Address,
  type Subnet,
  contains,
  familyOf,
  mergeSubnets,
  prefixLength,
} from '../address/cidr.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Facts, Link } from '../state/facts.ts';
import { linkTowards } from './neighbours.ts';
import type { Numbers } from './numbers.ts';
import type { Part, Refusal } from './parts.ts';
import { closedDefault, openDefault } from './routes.ts';

export function nodePart(network: NodeNetwork, facts: Facts, numbers: Numbers, refusals: Refusal[]): Part {
  const table = numbers.gateways[network.gateway]?.table ?? 0;
  const nextHops = network.nextHops.filter((hop) => familyOf(hop) === 4);
  const [first] = nextHops;
  const subnets = network.subnets.filter((subnet) => familyOf(subnet) === 4);
  const link = first === undefined ? undefined : linkTowards(first, facts.links, subnets);
  if (first !== undefined && !link) refusals.push(gatewayNotConnected(network, first, facts.links));
  refusals.push(...subnets.flatMap((subnet) => widerBridge(network, subnet, facts.links)));
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
    ...bridgeOf(network, facts),
    nextHops,
    devices: [],
    returnHops: [],
  };
}

/** Half of a bridge cannot be redirected: the host reaches its containers by the bridge's own, wider route. */
function widerBridge({ name }: NodeNetwork, subnet: Subnet, links: readonly Link[]): Refusal[] {
  const length = prefixLength(subnet);
  const found = links.flatMap((link) => link.addresses.map((address) => ({ link, address })));
  const wider = found.find(
    ({ address }) => contains(subnet, address.split('/')[0] ?? '') && Number(address.split('/')[1]) < length,
  );
  if (!wider) return [];
  return [
    {
      message: `network ${name}: ${wider.link.name} has ${wider.address}, the file says ${subnet}`,
      hint: 'write the subnet of the whole bridge into the file',
    },
  ];
}

/** Whether the engine's masquerade would be on, had we not switched it off, or were we not about to. */
function isSwitchedOff({ engine, name }: NodeNetwork, { networks, ledger }: Facts): boolean {
  const found = networks.find((n) => n.engine === engine && n.name === name);
  const kept = ledger.networks.find((n) => n.engine === engine && n.name === name);
  return found?.masquerade?.enabled === true || kept?.edited !== undefined;
}

/** A bridge that has addresses of others too is not the network's alone. */
function bridgeOf({ engine, name, subnets }: NodeNetwork, facts: Facts): { readonly bridge?: string } {
  const isInside = (address: string): boolean =>
    subnets.some((subnet) => contains(subnet, address.split('/')[0] ?? ''));
  const found = facts.networks.find((n) => n.engine === engine && n.name === name);
  const bridge =
    found?.bridge ??
    facts.links.find(({ type, addresses }) => type === 'bridge' && addresses.some(isInside))?.name;
  const addresses = facts.links.find((link) => link.name === bridge)?.addresses ?? [];
  const shared = addresses.some((address) => familyOf(address) === 4 && !isInside(address));
  return bridge === undefined || shared ? {} : { bridge };
}

function gatewayNotConnected(network: NodeNetwork, hop: Address, links: readonly Link[]): Refusal {
  const connected = links.flatMap((link) =>
    link.addresses.filter((a) => familyOf(a) === 4).map((a) => `${a} on ${link.name}`),
  );
  return {
    message: `network ${network.name}: gateway ${network.gateway} at ${hop} is not on a connected link`,
    hint: `the gateway must be a neighbour of this host, no tunnel is built; connected here: ${connected.join(', ') || 'nothing'}`,
  };
}
