/** Obstacles to redirecting a network on this host. */
import {
  type Address,
  type Subnet,
  contains,
  familyOf,
  isLinkLocal,
  prefixLength,
  fullPrefixLength,
} from '../../address/cidr.ts';
import { addressOf, ofFamily } from '../addresses.ts';
import type { Facts, ForeignRoute, Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { ipCommand } from '../../kinds/words.ts';
import type { Refusal } from '../redirect.ts';

/**
 * Reasons why a gateway is unreachable.
 *
 * @param link link on which the gateway is a neighbour, if any
 */
export function gatewayObstacles(
  network: NodeNetwork,
  hop: Address,
  link: Link | undefined,
  links: readonly Link[],
): Refusal[] {
  const own = links.find(({ addresses }) => addresses.some((address) => addressOf(address) === hop));
  const subject = `network ${network.name}: gateway ${network.gateway} at ${hop}`;
  if (own) {
    return [
      {
        message: `${subject} is this host itself: ${own.name} has that address`,
        hint: 'write the address of the gateway into `hosts:`; a host cannot be its own gateway',
      },
    ];
  }
  if (!link) return [notConnected(subject, hop, links)];
  if (!link.down) return [];
  return [{ message: `${subject} is on ${link.name}, which is down`, hint: bringUp(link.name) }];
}

export function bringUp(device: string): string {
  return `\`ip link set ${device} up\`, then run apply again`;
}

function notConnected(subject: string, hop: Address, links: readonly Link[]): Refusal {
  const connected = links.flatMap((link) =>
    ofFamily(link.addresses, familyOf(hop))
      .filter((prefix) => !isLinkLocal(addressOf(prefix)))
      .map((prefix) => `${prefix} on ${link.name}`),
  );
  return {
    message: `${subject} is not on a connected link`,
    hint: `the gateway must be a neighbour of this host, no tunnel is built; connected here: ${connected.join(', ') || 'nothing'}`,
  };
}

/** @param bridge the network's bridge, if known */
export function subnetRefusals(
  network: NodeNetwork,
  subnet: Subnet,
  bridge: string | undefined,
  facts: Facts,
): Refusal[] {
  const inside = facts.links.flatMap((link) =>
    link.addresses
      .filter((address) => contains(subnet, addressOf(address)))
      .map((address) => ({ link, address })),
  );
  const own = new Set([...inside.map(({ link }) => link.name), ...(bridge === undefined ? [] : [bridge])]);
  return [
    ...inside.flatMap(({ link, address }) => linkRefusals(network, subnet, link, address)),
    ...facts.foreignRoutes
      .filter((route) => leadsElsewhere(route, subnet, own))
      .slice(0, 1)
      .map((route) => routeRefusal(network, subnet, route)),
  ];
}

/**
 * Types of links that lead to other hosts; a network card has no type. Containers and virtual machines are behind a
 * bridge, or have a link of their own (veth, tun).
 */
export const typesToOtherHosts = new Set([
  undefined,
  'vlan',
  'bond',
  'team',
  'macvlan',
  'ipvlan',
  'wireguard',
]);

function linkRefusals({ name }: NodeNetwork, subnet: Subnet, link: Link, address: string): Refusal[] {
  const length = Number(address.split('/')[1]);
  if (length < fullPrefixLength(familyOf(subnet)) && typesToOtherHosts.has(link.type)) {
    return [
      {
        message: `network ${name}: ${subnet} is the subnet of ${link.name} (${address}), which leads to other hosts`,
        hint: `write the subnet that the containers have into the file, or give ${link.name} another`,
      },
    ];
  }
  // A part of a bridge's subnet cannot be redirected: the host reaches its containers by the bridge's wider route.
  if (length >= prefixLength(subnet)) return [];
  return [
    {
      message: `network ${name}: ${link.name} has ${address}, the file says ${subnet}`,
      hint: 'write the subnet of the whole bridge into the file',
    },
  ];
}

/** A route to a single address on a link is a container with its own link. */
function leadsElsewhere(
  { destination, via, device }: ForeignRoute,
  subnet: Subnet,
  own: Set<string>,
): boolean {
  if (!contains(subnet, destination) || own.has(device ?? '')) return false;
  return via !== undefined || prefixLength(destination) < fullPrefixLength(familyOf(destination));
}

/** Replies of this host and of the gateway to the containers would follow that route. */
function routeRefusal({ name }: NodeNetwork, subnet: Subnet, route: ForeignRoute): Refusal {
  const { destination, via, device } = route;
  const target = `${via === undefined ? '' : ` via ${via}`}${device === undefined ? '' : ` dev ${device}`}`;
  return {
    message: `network ${name}: ${subnet} is routed elsewhere: this host has a route ${destination}${target}`,
    hint: `remove the route (\`${ipCommand(familyOf(subnet))} route del ${destination}${target}\`), or give the network another subnet`,
  };
}
