/** A gateway member's part: what comes from the nodes leaves by the uplink, and answers find back. */
import { type Address, type Subnet, contains, familyOf } from '../address/cidr.ts';
import type { MemberGateway, ServedSubnet } from '../topology/role.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { Route } from '../state/objects.ts';
import { mainTable } from '../state/ownership.ts';
import { forwardRefusals } from './forward-policy.ts';
import { linkTowards } from './neighbours.ts';
import { bringUp } from './node-refusals.ts';
import type { Numbers } from './numbers.ts';
import type { Part, Refusal } from './parts.ts';
import { closedDefault, openDefault } from './routes.ts';

/** A route that a routing daemon learns (metric 20 to 110) comes before our static one. */
const returnMetric = 4000;

export function memberPart(
  gateway: MemberGateway,
  facts: Facts,
  numbers: Numbers,
  refusals: Refusal[],
): Part {
  const table = numbers.gateways[gateway.name]?.table ?? 0;
  const uplink = uplinkOf(gateway);
  const { device, via } = uplink;
  refusals.push(...uplinkRefusals(gateway, facts));
  refusals.push(...gateway.served.flatMap((served) => subnetIsHere(served, facts)));
  const passages = gateway.served.map(({ subnet, nodeAddress }) => ({
    subnet,
    inner: linkTowards(nodeAddress, facts.links)?.name,
    outer: device,
  }));
  refusals.push(...forwardRefusals(`gateway ${gateway.name}`, passages, facts.forwardFilters));
  const returnHops = gateway.served.map(({ nodeAddress }) => nodeAddress);
  return {
    name: `gateway ${gateway.name}`,
    subnets: gateway.served.map(({ subnet }) => subnet),
    steer: { table, why: `gateway ${gateway.name} sends it out of ${device}` },
    routes: [
      closedDefault(table, gateway.name),
      openDefault(table, uplink, `the uplink of gateway ${gateway.name}`),
      ...gateway.served.flatMap((served) => returnRoute(served, facts, refusals)),
    ],
    local: false,
    direct: [],
    masqueradeDirect: false,
    nextHops: via === undefined ? [] : [via],
    devices: via === undefined ? [device] : [],
    returnHops,
    outside: facts.defaultHops.filter(({ via: hop }) => !returnHops.includes(hop)),
    nat: { gateway: gateway.name, device, verdict: natVerdict(gateway) },
  };
}

/** Subnets that have no way out here. */
export function closedPart(subnets: readonly Subnet[]): Part {
  return {
    name: 'networks of other gateways',
    subnets: subnets.filter((subnet) => familyOf(subnet) === 4),
    routes: [],
    local: false,
    direct: [],
    masqueradeDirect: false,
    nextHops: [],
    devices: [],
    returnHops: [],
    outside: [],
  };
}

/** `none` is said too: a masquerade of somebody else on the uplink must not hide the container. */
function natVerdict({ snat }: MemberGateway): string {
  if (snat === 'masquerade') return 'masquerade';
  return snat === 'none' ? 'snat ip to ip saddr' : `snat ip to ${snat.find(isIpv4)}`;
}

function uplinkOf({ uplink: { device, via = [] } }: MemberGateway): { device: string; via?: Address } {
  const hop = via.find(isIpv4);
  return hop === undefined ? { device } : { device, via: hop };
}

function isIpv4(address: Address): boolean {
  return familyOf(address) === 4;
}

function returnRoute(
  { network, node, subnet, nodeAddress }: ServedSubnet,
  facts: Facts,
  refusals: Refusal[],
): { route: Route; why: string }[] {
  const link = linkTowards(nodeAddress, facts.links);
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
        family: 4,
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
function subnetIsHere({ network, node, subnet }: ServedSubnet, facts: Facts): Refusal[] {
  const link = facts.links.find(({ addresses }) =>
    addresses.some((address) => contains(subnet, address.split('/')[0] ?? '')),
  );
  if (!link) return [];
  return [
    {
      message: `network ${network}: ${subnet} is on ${node}, but ${link.name} of this gateway has an address in it`,
      hint: `give the network or ${link.name} another subnet, or remove ${link.name}`,
    },
  ];
}

function uplinkRefusals(gateway: MemberGateway, facts: Facts): Refusal[] {
  const { name } = gateway;
  const { device, via } = uplinkOf(gateway);
  const link = facts.links.find((found) => found.name === device);
  if (!link) {
    const hint = `bring the uplink up first, or correct \`device:\`; there are ${facts.links.map((l) => l.name).join(', ')}`;
    return [{ message: `gateway ${name}: no device ${device} on this host`, hint }];
  }
  if (link.down) {
    return [{ message: `gateway ${name}: its uplink ${device} is down`, hint: bringUp(device) }];
  }
  if (via === undefined || isNeighbour(via, link, facts)) return [];
  const has = link.addresses.filter((address) => familyOf(address) === 4).join(', ') || 'no address';
  return [
    {
      message: `gateway ${name}: its next hop ${via} is not on ${device}, which has ${has}`,
      hint: 'write the neighbour at the other end of the uplink as `via:`, or give the device its address',
    },
  ];
}

/** Also one that an unnumbered link has a route to. */
function isNeighbour(via: Address, link: Link, { foreignRoutes }: Facts): boolean {
  const onLink = foreignRoutes.filter(({ device, via: hop }) => device === link.name && hop === undefined);
  return (
    linkTowards(via, [link]) !== undefined || onLink.some(({ destination }) => contains(destination, via))
  );
}
