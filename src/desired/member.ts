/** A gateway member's part: what comes from the nodes leaves by the uplink, and answers find back. */
import { word } from './nft-word.ts';
import { subnetsAround } from '../address/around.ts';
import { type Address, type Family, type Subnet, familyOf, isLinkLocal } from '../address/cidr.ts';
import type { MemberGateway, ServedSubnet } from '../topology/role.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { Route } from '../state/objects.ts';
import { mainTable } from '../state/ownership.ts';
import { type Passage, forwardRefusals } from './forward-policy.ts';
import { linkTowards } from './neighbours.ts';
import { bringUp } from './node-refusals.ts';
import type { Numbers } from './numbers.ts';
import { type Part, type Refusal, type WaysOut, closedPart } from './parts.ts';
import { publishedRules } from './published.ts';
import { outsideOf, returnWaysOf } from './return-ways.ts';
import { memberRoutes } from './routed.ts';
import { closedDefault, openDefault } from './routes.ts';

/** A route that a routing daemon learns (metric 20 to 110) comes before our static one. */
const returnMetric = 4000;

export function memberPart(
  gateway: MemberGateway,
  family: Family,
  facts: Facts,
  numbers: Numbers,
  refusals: Refusal[],
): Part {
  const name = `gateway ${gateway.name}`;
  const served = gateway.served.filter(({ subnet }) => familyOf(subnet) === family);
  const subnets = served.map(({ subnet }) => subnet);
  const closed = closedPart(name, family, subnets);
  if (served.length === 0) return closed;
  refusals.push(...nextHopRefusals(gateway, family, facts), ...sourceRefusals(gateway, family, facts));
  const towards = (address: Address): Link | undefined => linkTowards(address, facts);
  refusals.push(...subnetsHere(served, facts));
  refusals.push(...forwardRefusals(name, passages(gateway, served, towards), facts.forwardFilters));
  const table = numbers.gateways[gateway.name]?.table ?? 0;
  const { device } = gateway.uplink;
  const via = viaOf(gateway, family);
  const way = { device, ...(via === undefined ? {} : { via }) };
  return {
    ...closed,
    ...waysOut(way),
    ...memberRoutes(gateway.name, served, table, waysOut(way)),
    steer: steeredBy(gateway, served, table),
    routes: [
      closedDefault(family, table, gateway.name),
      openDefault(family, table, way, `the uplink of gateway ${gateway.name}`),
      ...served.flatMap((one) => returnRoute(one, towards, refusals)),
    ],
    returnWays: returnWaysOf(served, facts),
    outside: outsideOf(served, family, facts),
    nat: { gateway: gateway.name, device, verdict: natVerdict(gateway, family), ...mtuOf(device, facts) },
    published: publishedRules(gateway, family),
  };
}

function mtuOf(device: string, { links }: Facts): { mtu?: number } {
  const mtu = links.find(({ name }) => name === device)?.mtu;
  return mtu === undefined ? {} : { mtu };
}

function steeredBy(
  { name, uplink }: MemberGateway,
  served: readonly ServedSubnet[],
  table: number,
): NonNullable<Part['steer']> {
  const why = `gateway ${name} sends it out of ${uplink.device}`;
  return { gateway: name, table, why, ...steeredOnes(served) };
}

/** All of them, unless another gateway here gets what no route is about. */
function steeredOnes(served: readonly ServedSubnet[]): { readonly only?: Subnet[] } {
  const whole = served.filter(({ onlyRoutes }) => !onlyRoutes);
  return whole.length === served.length ? {} : { only: whole.map(({ subnet }) => subnet) };
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

function waysOut({ via, device }: { readonly via?: Address; readonly device: string }): WaysOut {
  return via === undefined ? { hops: [], devices: [device] } : { hops: [{ via, device }], devices: [] };
}

function viaOf({ uplink }: MemberGateway, family: Family): Address | undefined {
  return uplink.via?.find((address) => familyOf(address) === family);
}

/** `none` is said too: a masquerade of somebody else on the uplink must not hide the container. */
function natVerdict({ snat }: MemberGateway, family: Family): string {
  if (snat === 'masquerade') return 'masquerade';
  const ip = word(family);
  const address = snat === 'none' ? undefined : snat.find((one) => familyOf(one) === family);
  return `snat ${ip} to ${address ?? `${ip} saddr`}`;
}

function returnRoute(
  { network, node, subnet, nodeAddress }: ServedSubnet,
  towards: (address: Address) => Link | undefined,
  refusals: Refusal[],
): { route: Route; why: string }[] {
  const link = towards(nodeAddress);
  if (!link) {
    refusals.push({
      message: `network ${network}: node ${node} at ${nodeAddress} is not on a connected link of this gateway`,
      hint: 'node and gateway must be neighbours, no tunnel is built; check `hosts:` and `ip address`',
    });
    return [];
  }
  if (link.down) {
    refusals.push({
      message: `network ${network}: node ${node} at ${nodeAddress} is on ${link.name}, which is down`,
      hint: bringUp(link.name),
    });
  }
  const target = { kind: 'unicast', via: nodeAddress, device: link.name } as const;
  return [
    {
      route: {
        kind: 'route',
        family: familyOf(subnet),
        table: mainTable,
        destination: subnet,
        metric: returnMetric,
        target,
      },
      why: `the way back to ${network} on ${node}`,
    },
  ];
}

/** The way back would end here, and the node would never see an answer. */
function subnetsHere(served: readonly ServedSubnet[], { links }: Facts): Refusal[] {
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

export function uplinkRefusals({ name, uplink }: MemberGateway, facts: Facts): Refusal[] {
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
function sourceRefusals({ name, uplink, snat }: MemberGateway, family: Family, facts: Facts): Refusal[] {
  const link = facts.links.find((found) => found.name === uplink.device);
  if (family === 4 || snat !== 'masquerade' || !link || link.down) return [];
  const isOwn = (prefix: string): boolean =>
    familyOf(prefix) === family && !isLinkLocal(prefix.split('/')[0] ?? '');
  if (link.addresses.some(isOwn)) return [];
  return [
    {
      message: `gateway ${name}: its uplink ${uplink.device} has no IPv${family} address of its own to masquerade with`,
      hint: 'give the device one, or write the address that the world shall see as `snat:`',
    },
  ];
}

function nextHopRefusals(gateway: MemberGateway, family: Family, facts: Facts): Refusal[] {
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
