/** A node's part: its containers' packets go to the gateway. */
import { contains, familyOf, mergeSubnets, type Address, type Subnet } from '../address/cidr.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { Refusal } from './desired.ts';
import type { Numbers } from './numbers.ts';
import type { Part } from './parts.ts';
import { closedDefault } from './routes.ts';

export function nodePart(network: NodeNetwork, facts: Facts, numbers: Numbers, refusals: Refusal[]): Part {
  const table = numbers.gateways[network.gateway]?.table ?? 0;
  const nextHops = network.nextHops.filter((hop) => familyOf(hop) === 4);
  const [first] = nextHops;
  const subnets = network.subnets.filter((subnet) => familyOf(subnet) === 4);
  const link = first === undefined ? undefined : linkTowards(first, facts.links, subnets);
  if (first !== undefined && !link) refusals.push(gatewayNotConnected(network, first, facts.links));
  return {
    name: `network ${network.name}`,
    subnets,
    table,
    steerWhy: `every packet of ${network.name} goes to gateway ${network.gateway}`,
    routes: [
      closedDefault(table, network.gateway),
      ...(first !== undefined && link
        ? [
            {
              route: {
                kind: 'route',
                family: 4,
                table,
                destination: 'default',
                metric: 0,
                target: { kind: 'unicast', via: first, device: link.name },
              } as const,
              why: `gateway ${network.gateway} is at ${first}`,
            },
          ]
        : []),
    ],
    local: true,
    direct: mergeSubnets(network.direct.filter((subnet) => familyOf(subnet) === 4)),
    nextHops,
    devices: [],
    returnHops: [],
  };
}

/**
 * The link on which an address is a neighbour, longest prefix first. A bridge of the network itself is
 * none: a gateway there would be one of the network's own addresses.
 */
export function linkTowards(
  address: Address,
  links: readonly Link[],
  except: readonly Subnet[] = [],
): Link | undefined {
  let best: { link: Link; length: number } | undefined;
  for (const link of links) {
    for (const prefix of link.addresses) {
      const length = Number(prefix.split('/')[1]);
      if (familyOf(prefix) !== familyOf(address) || !contains(prefix, address)) continue;
      if (except.some((subnet) => contains(subnet, address))) continue;
      if (!best || length > best.length) best = { link, length };
    }
  }
  return best?.link;
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
