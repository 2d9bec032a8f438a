/** Obstacles on a gateway member: to packets from the nodes, or to replies. */
import { containingSubnets } from '../../address/containing-subnets.ts';
import { type Address, type Family, type Subnet, familyOf, isLinkLocal } from '../../address/cidr.ts';
import { addressOf, ofFamily } from '../addresses.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { MemberGateway, ServedSubnet } from '../../topology/role.ts';
import { type ForwardPath, forwardObstacles } from './forward-policy.ts';
import { linkNamed, linkTowards } from '../routing/neighbours.ts';
import { tunnelObstacles } from '../routing/tunnel-obstacles.ts';
import { bringUp } from './node-refusals.ts';
import type { NotReady, Refusal } from '../redirect.ts';

/** Reasons why nothing can leave by the uplink. */
export function uplinkObstacles(gateway: MemberGateway, family: Family, facts: Facts): NotReady[] {
  const what = `gateway ${gateway.name}`;
  const uplink = deviceObstacles(gateway, facts);
  // These obstacles concern both families, and are reported once.
  if (uplink.length > 0) return uplink.map((one) => ({ what, ...one }));
  const obstacles = [...nextHopObstacles(gateway, family, facts), ...sourceObstacles(gateway, family, facts)];
  return obstacles.map((one) => ({ what, family, ...one }));
}

interface ServedObstacle {
  readonly subnets: readonly Subnet[];
  readonly obstacle: NotReady;
}

/** Obstacles to packets of served subnets, in either direction. */
export function servedObstacles(
  gateway: MemberGateway,
  served: readonly ServedSubnet[],
  facts: Facts,
): ServedObstacle[] {
  const what = `gateway ${gateway.name}`;
  const dropped = forwardObstacles(what, forwardPaths(gateway, served, facts), facts.forwardFilters);
  return [
    ...served.flatMap((one) =>
      nodeObstacles(one, linkTowards(one.nodeAddress, facts)).map((obstacle) => ({
        subnets: [one.subnet],
        obstacle: {
          what: `network ${one.network} on ${one.node}`,
          family: familyOf(one.subnet),
          ...obstacle,
        },
      })),
    ),
    ...dropped.map(({ subnets, message, hint }) => ({
      subnets,
      obstacle: {
        // Without subnets, only packets to published ports are dropped.
        what: subnets.length > 0 ? what : `published ports of ${what}`,
        family: familyOf(served[0]?.subnet ?? ''),
        message,
        hint,
      },
    })),
  ];
}

/** Refuses served subnets that this host has an address in: replies would end here and never reach the node. */
export function subnetsHere(served: readonly ServedSubnet[], { links }: Facts): Refusal[] {
  const own = links.flatMap(({ name, addresses }) =>
    addresses.map((prefix) => ({ name, address: addressOf(prefix) })),
  );
  const containing = containingSubnets(
    served.map(({ subnet }) => subnet),
    own.map(({ address }) => address),
  );
  // Reversed, so that the first of several links is named.
  const linkIn = new Map(own.toReversed().map(({ name, address }) => [containing.get(address), name]));
  return served.flatMap(({ network, node, subnet }) => {
    const link = linkIn.get(subnet);
    if (link === undefined) return [];
    return [
      {
        message: `network ${network}: ${subnet} is on ${node}, but ${link} of this gateway has an address in it`,
        hint: `give the network or ${link} another subnet, or remove ${link}`,
      },
    ];
  });
}

function deviceObstacles({ name, uplink }: MemberGateway, facts: Facts): Refusal[] {
  const { device } = uplink;
  const link = linkNamed(device, facts);
  const tunnel = tunnelObstacles({ name, uplink }, facts);
  if (tunnel.length > 0) return tunnel;
  if (!link) {
    const hint = `bring the uplink up first, or correct \`device:\`; there are ${facts.links.map((l) => l.name).join(', ')}`;
    return [{ message: `gateway ${name}: no device ${device} on this host`, hint }];
  }
  return link.down
    ? [{ message: `gateway ${name}: its uplink ${device} is down`, hint: bringUp(device) }]
    : [];
}

/** Masquerade would use an address of another link, and replies could not reach it by the uplink. */
function sourceObstacles({ name, uplink, snat }: MemberGateway, family: Family, facts: Facts): Refusal[] {
  const link = linkNamed(uplink.device, facts);
  if (family === 4 || snat !== 'masquerade' || !link || link.down) return [];
  if (ofFamily(link.addresses, family).some((prefix) => !isLinkLocal(addressOf(prefix)))) return [];
  return [
    {
      message: `gateway ${name}: its uplink ${uplink.device} has no IPv${family} address of its own to masquerade with`,
      hint: 'give the device one, or write the source address to use as `snat:`',
    },
  ];
}

function nextHopObstacles(gateway: MemberGateway, family: Family, facts: Facts): Refusal[] {
  const { device } = gateway.uplink;
  const via = viaOf(gateway, family);
  const link = linkNamed(device, facts);
  if (
    via === undefined ||
    !link ||
    link.down ||
    isLinkLocal(via) ||
    linkTowards(via, { ...facts, links: [link] })
  )
    return [];
  const has = ofFamily(link.addresses, family).join(', ') || 'no address';
  return [
    {
      message: `gateway ${gateway.name}: its next hop ${via} is not on ${device}, which has ${has}`,
      hint: 'write the neighbour at the other end of the uplink as `via:`, or give the device its address',
    },
  ];
}

function forwardPaths(
  { uplink, publish = [] }: MemberGateway,
  served: readonly ServedSubnet[],
  facts: Facts,
): ForwardPath[] {
  const published = new Set(
    containingSubnets(
      served.map(({ subnet }) => subnet),
      publish.map(({ to }) => to),
    ).values(),
  );
  return served.map(({ subnet, nodeAddress }) => ({
    subnet,
    insideDevice: linkTowards(nodeAddress, facts)?.name,
    outsideDevice: uplink.device,
    hasPublished: published.has(subnet),
  }));
}

function nodeObstacles({ network, node, nodeAddress }: ServedSubnet, link: Link | undefined): Refusal[] {
  const subject = `network ${network}: node ${node} at ${nodeAddress}`;
  if (!link) {
    const hint = 'node and gateway must be neighbours, no tunnel is built; check `hosts:` and `ip address`';
    return [{ message: `${subject} is not on a connected link of this gateway`, hint }];
  }
  if (!link.down) return [];
  return [{ message: `${subject} is on ${link.name}, which is down`, hint: bringUp(link.name) }];
}

export function viaOf({ uplink }: MemberGateway, family: Family): Address | undefined {
  return uplink.via?.find((address) => familyOf(address) === family);
}
