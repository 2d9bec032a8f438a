/** Obstacles that keep a network from being redirected on this host. */
import {
  type Address,
  type Subnet,
  contains,
  familyOf,
  isLinkLocal,
  prefixLength,
  wholeLength,
} from '../../address/cidr.ts';
import type { Facts, ForeignRoute, Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { ipCommand } from '../../kinds/words.ts';
import type { Refusal } from '../redirect.ts';

/**
 * Why a gateway cannot be sent to.
 *
 * @param link the one on which the gateway is a neighbour, when there is one
 */
export function gatewayObstacles(
  network: NodeNetwork,
  hop: Address,
  link: Link | undefined,
  links: readonly Link[],
): Refusal[] {
  const own = links.find(({ addresses }) => addresses.some((address) => address.split('/')[0] === hop));
  const towards = `network ${network.name}: gateway ${network.gateway} at ${hop}`;
  if (own) {
    return [
      {
        message: `${towards} is this host itself: ${own.name} has that address`,
        hint: 'write the address of the gateway into `hosts:`; a host cannot be its own gateway',
      },
    ];
  }
  if (!link) return [notConnected(towards, hop, links)];
  if (!link.down) return [];
  return [{ message: `${towards} is on ${link.name}, which is down`, hint: bringUp(link.name) }];
}

export function bringUp(device: string): string {
  return `\`ip link set ${device} up\`, then run apply again`;
}

function notConnected(towards: string, hop: Address, links: readonly Link[]): Refusal {
  const connected = links.flatMap((link) =>
    link.addresses
      .filter((a) => familyOf(a) === familyOf(hop) && !isLinkLocal(a.split('/')[0] ?? ''))
      .map((a) => `${a} on ${link.name}`),
  );
  return {
    message: `${towards} is not on a connected link`,
    hint: `the gateway must be a neighbour of this host, no tunnel is built; connected here: ${connected.join(', ') || 'nothing'}`,
  };
}

/** @param bridge that of the network, when it is known */
export function subnetRefusals(
  network: NodeNetwork,
  subnet: Subnet,
  bridge: string | undefined,
  facts: Facts,
): Refusal[] {
  const inside = facts.links.flatMap((link) =>
    link.addresses
      .filter((address) => contains(subnet, address.split('/')[0] ?? ''))
      .map((address) => ({ link, address })),
  );
  const own = new Set([...inside.map(({ link }) => link.name), ...(bridge === undefined ? [] : [bridge])]);
  return [
    ...inside.flatMap(({ link, address }) => linkRefusals(network, subnet, link, address)),
    ...facts.foreignRoutes
      .filter((route) => isOfAnother(route, subnet, own))
      .slice(0, 1)
      .map((route) => routeRefusal(network, subnet, route)),
  ];
}

/**
 * Kinds of links with other hosts behind them; a network card has no kind. Containers and virtual machines are
 * behind a bridge, or behind a cable (veth, tun) of their own.
 */
const towardsOthers = new Set([undefined, 'vlan', 'bond', 'team', 'macvlan', 'ipvlan', 'wireguard']);

function linkRefusals({ name }: NodeNetwork, subnet: Subnet, link: Link, address: string): Refusal[] {
  const length = Number(address.split('/')[1]);
  if (length < wholeLength(familyOf(subnet)) && towardsOthers.has(link.type)) {
    return [
      {
        message: `network ${name}: ${subnet} is the subnet of ${link.name} (${address}), which leads to other hosts`,
        hint: `write the subnet that the containers have into the file, or give ${link.name} another`,
      },
    ];
  }
  // Half of a bridge cannot be redirected: the host reaches its containers by the bridge's own, wider route.
  if (length >= prefixLength(subnet)) return [];
  return [
    {
      message: `network ${name}: ${link.name} has ${address}, the file says ${subnet}`,
      hint: 'write the subnet of the whole bridge into the file',
    },
  ];
}

/** A single address on a link is a container with a link of its own. */
function isOfAnother({ destination, via, device }: ForeignRoute, subnet: Subnet, own: Set<string>): boolean {
  if (!contains(subnet, destination) || own.has(device ?? '')) return false;
  return via !== undefined || prefixLength(destination) < wholeLength(familyOf(destination));
}

/** The host's answers to the containers, and the answers from the gateway, would go there. */
function routeRefusal({ name }: NodeNetwork, subnet: Subnet, route: ForeignRoute): Refusal {
  const { destination, via, device } = route;
  const way = `${via === undefined ? '' : ` via ${via}`}${device === undefined ? '' : ` dev ${device}`}`;
  return {
    message: `network ${name}: ${subnet} is routed elsewhere: this host has a route ${destination}${way}`,
    hint: `remove the route (\`${ipCommand(familyOf(subnet))} route del ${destination}${way}\`), or give the network another subnet`,
  };
}
