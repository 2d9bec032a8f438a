/**
 * Docker's FORWARD chain has policy drop, which also hits networks of other engines. Chain DOCKER-USER is for rules of
 * other programs, and Docker's daemon keeps it: rules there accept redirected packets.
 */
import { ipKeyword } from '../nft/ip-keyword.ts';
import { type Address, type Family, type Subnet, familyOf, subnetOfAddress } from '../../address/cidr.ts';
import { ofFamily } from '../addresses.ts';
import type { Facts } from '../../state/facts.ts';
import type { IptablesRule } from '../../kinds/iptables-rule/schema.ts';
import { objectKey } from '../../kinds/index.ts';
import type { InboundPort, HostRole, MemberGateway, NodeNetwork } from '../../topology/role.ts';
import { linkTowards } from '../routing/neighbours.ts';
import type { DesiredObject } from '../redirect.ts';

export function dockerUserRules(role: HostRole, facts: Facts): DesiredObject[] {
  const rules = (facts.dockerUser ?? []).flatMap((family) => [
    // Docker accepts packets from its own networks, and replies to them.
    ...role.networks
      .filter(({ engine }) => engine !== 'docker')
      .flatMap((network) => networkRules(network, family, facts)),
    ...role.networks.flatMap((network) => publishedPortRules(network, family, facts)),
    ...role.gateways.flatMap((gateway) => gatewayRules(gateway, family)),
  ]);
  // Several gateways may be behind one link.
  return [...new Map(rules.map((rule) => [objectKey(rule.object), rule])).values()];
}

/** Removes forward filters that our rules in DOCKER-USER make ineffective. */
export function withoutDockerUser(facts: Facts): Facts {
  const { dockerUser = [], forwardFilters } = facts;
  return {
    ...facts,
    forwardFilters: forwardFilters.filter(
      ({ family, table, chains }) =>
        table !== 'filter' ||
        !chains.has('DOCKER-USER') ||
        !dockerUser.some((one) => family === ipKeyword(one)),
    ),
  };
}

function networkRules(network: NodeNetwork, family: Family, facts: Facts): DesiredObject[] {
  if (network.blocked.includes(family)) return [];
  const subnets = ofFamily(network.subnets, family);
  const gateways = [network.nextHops, ...Object.values(network.routes?.nextHops ?? {})];
  const devices = gateways.flatMap((hops) => deviceTowards(hops, family, subnets, facts) ?? []);
  const direct = ofFamily(network.direct, family);
  return subnets.flatMap((subnet) => [
    ...devices.flatMap((device) => acceptByDevice(family, subnet, device, `network ${network.name}`)),
    ...direct.flatMap((destination) => acceptDirect(family, subnet, destination, network.name)),
  ]);
}

/** Device of the link to the first next hop of a family. */
function deviceTowards(
  hops: readonly Address[],
  family: Family,
  subnets: readonly Subnet[],
  facts: Facts,
): string | undefined {
  const [hop] = ofFamily(hops, family);
  return hop === undefined ? undefined : linkTowards(hop, facts, subnets)?.name;
}

/** Clients of ports that a gateway publishes. Docker drops these for its own networks too. */
function publishedPortRules(
  { name, subnets, blocked, inboundPorts = [] }: NodeNetwork,
  family: Family,
  facts: Facts,
): DesiredObject[] {
  if (blocked.includes(family)) return [];
  return inboundPorts
    .filter(({ to }) => familyOf(to) === family)
    .flatMap(({ from, ...port }) => {
      const device = deviceTowards(from, family, subnets, facts);
      return device === undefined ? [] : [acceptPublished(device, port, `network ${name}`)];
    });
}

function gatewayRules(
  { name, served, uplink, publish = [] }: MemberGateway,
  family: Family,
): DesiredObject[] {
  return [
    ...served
      .filter(({ subnet }) => familyOf(subnet) === family)
      .flatMap(({ subnet }) => acceptByDevice(family, subnet, uplink.device, `gateway ${name}`)),
    ...publish
      .filter(({ to }) => familyOf(to) === family)
      .map((port) => acceptPublished(uplink.device, port, `gateway ${name}`)),
  ];
}

function acceptPublished(
  device: string,
  { to, proto, toPort }: Omit<InboundPort, 'from'>,
  what: string,
): DesiredObject {
  const port = ['-p', proto, '-m', proto, '--dport', `${toPort}`];
  return {
    object: accept(familyOf(to), ['-d', subnetOfAddress(to), '-i', device, ...port]),
    why: `allow packets to a published port of ${what}, which Docker would drop`,
  };
}

const repliesOnly = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'];

function acceptByDevice(family: Family, subnet: Subnet, device: string, what: string): DesiredObject[] {
  const why = `allow forwarded packets of ${what}, which Docker would drop`;
  return [
    { object: accept(family, ['-s', subnet, '-o', device]), why },
    { object: accept(family, ['-d', subnet, '-i', device, ...repliesOnly]), why },
  ];
}

function acceptDirect(family: Family, subnet: Subnet, destination: Subnet, network: string): DesiredObject[] {
  const why = `allow packets of network ${network} to direct destinations, which Docker would drop`;
  return [
    { object: accept(family, ['-s', subnet, '-d', destination]), why },
    { object: accept(family, ['-s', destination, '-d', subnet, ...repliesOnly]), why },
  ];
}

/** Arguments have the form and order of `iptables-save`. */
function accept(family: Family, matches: readonly string[]): IptablesRule {
  return {
    kind: 'iptables-rule',
    family,
    table: 'filter',
    chain: 'DOCKER-USER',
    args: [...matches, '-j', 'ACCEPT'],
  };
}
