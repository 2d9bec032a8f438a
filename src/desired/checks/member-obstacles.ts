/** Obstacles on a gateway member: to packets from the nodes, or to replies. */
import { subnetsAround } from '../../address/around.ts';
import { type Address, type Family, type Subnet, familyOf, isLinkLocal } from '../../address/cidr.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { MemberGateway, ServedSubnet } from '../../topology/role.ts';
import { type Passage, forwardObstacles } from './forward-policy.ts';
import { linkTowards } from '../routing/neighbours.ts';
import { bringUp } from './node-refusals.ts';
import type { NotReady, Refusal } from '../redirect.ts';

/** Why nothing can leave by the uplink. */
export function outObstacles(gateway: MemberGateway, family: Family, facts: Facts): NotReady[] {
  const what = `gateway ${gateway.name}`;
  const uplink = uplinkObstacles(gateway, facts);
  // It is about both families, and told once.
  if (uplink.length > 0) return uplink.map((one) => ({ what, ...one }));
  return [...nextHopObstacles(gateway, family, facts), ...sourceObstacles(gateway, family, facts)].map(
    (one) => ({
      what,
      family,
      ...one,
    }),
  );
}

interface BackObstacle {
  readonly subnets: readonly Subnet[];
  readonly obstacle: NotReady;
}

/** Why answers, or questions, of some subnets cannot pass. */
export function backObstacles(
  gateway: MemberGateway,
  served: readonly ServedSubnet[],
  facts: Facts,
): BackObstacle[] {
  const what = `gateway ${gateway.name}`;
  const towards = (address: Address): Link | undefined => linkTowards(address, facts);
  const stopped = forwardObstacles(what, passages(gateway, served, towards), facts.forwardFilters);
  return [
    ...served.flatMap((one) =>
      nodeObstacles(one, towards(one.nodeAddress)).map((obstacle) => ({
        subnets: [one.subnet],
        obstacle: {
          what: `network ${one.network} on ${one.node}`,
          family: familyOf(one.subnet),
          ...obstacle,
        },
      })),
    ),
    ...stopped.map(({ subnets, message, hint }) => ({
      subnets,
      obstacle: {
        // Those alone are stopped: all else passes.
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
    addresses.map((prefix) => ({ name, address: prefix.split('/')[0] ?? '' })),
  );
  const around = subnetsAround(
    served.map(({ subnet }) => subnet),
    own.map(({ address }) => address),
  );
  // Of several links, the first one is named.
  const linkIn = new Map(own.toReversed().map(({ name, address }) => [around.get(address), name]));
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

function uplinkObstacles({ name, uplink }: MemberGateway, facts: Facts): Refusal[] {
  const { device } = uplink;
  const link = facts.links.find((found) => found.name === device);
  if (!link) {
    const hint = `bring the uplink up first, or correct \`device:\`; there are ${facts.links.map((l) => l.name).join(', ')}`;
    return [{ message: `gateway ${name}: no device ${device} on this host`, hint }];
  }
  return link.down
    ? [{ message: `gateway ${name}: its uplink ${device} is down`, hint: bringUp(device) }]
    : [];
}

/** The kernel would take an address of another link, and no answer could come back to it by the uplink. */
function sourceObstacles({ name, uplink, snat }: MemberGateway, family: Family, facts: Facts): Refusal[] {
  const link = facts.links.find((found) => found.name === uplink.device);
  if (family === 4 || snat !== 'masquerade' || !link || link.down) return [];
  const isOwn = (prefix: string): boolean =>
    familyOf(prefix) === family && !isLinkLocal(prefix.split('/')[0] ?? '');
  if (link.addresses.some(isOwn)) return [];
  return [
    {
      message: `gateway ${name}: its uplink ${uplink.device} has no IPv${family} address of its own to masquerade with`,
      hint: 'give the device one, or write the source address to use as `snat:`',
    },
  ];
}

function nextHopObstacles(gateway: MemberGateway, family: Family, facts: Facts): Refusal[] {
  const { name, uplink } = gateway;
  const { device } = uplink;
  const via = viaOf(gateway, family);
  const link = facts.links.find((found) => found.name === device);
  if (
    via === undefined ||
    !link ||
    link.down ||
    isLinkLocal(via) ||
    linkTowards(via, { ...facts, links: [link] })
  )
    return [];
  const has = link.addresses.filter((address) => familyOf(address) === family).join(', ') || 'no address';
  return [
    {
      message: `gateway ${name}: its next hop ${via} is not on ${device}, which has ${has}`,
      hint: 'write the neighbour at the other end of the uplink as `via:`, or give the device its address',
    },
  ];
}

function passages(
  { uplink, publish = [] }: MemberGateway,
  served: readonly ServedSubnet[],
  towards: (address: Address) => Link | undefined,
): Passage[] {
  const called = new Set(
    subnetsAround(
      served.map(({ subnet }) => subnet),
      publish.map(({ to }) => to),
    ).values(),
  );
  return served.map(({ subnet, nodeAddress }) => ({
    subnet,
    inner: towards(nodeAddress)?.name,
    outer: uplink.device,
    called: called.has(subnet),
  }));
}

function nodeObstacles({ network, node, nodeAddress }: ServedSubnet, link: Link | undefined): Refusal[] {
  const towards = `network ${network}: node ${node} at ${nodeAddress}`;
  if (!link) {
    const hint = 'node and gateway must be neighbours, no tunnel is built; check `hosts:` and `ip address`';
    return [{ message: `${towards} is not on a connected link of this gateway`, hint }];
  }
  if (!link.down) return [];
  return [{ message: `${towards} is on ${link.name}, which is down`, hint: bringUp(link.name) }];
}

export function viaOf({ uplink }: MemberGateway, family: Family): Address | undefined {
  return uplink.via?.find((address) => familyOf(address) === family);
}
