/**
 * Docker's policy for what is forwarded is to drop it, and stops networks that are not its own. Where its chain
 * DOCKER-USER is, which is for the rules of others and is kept by its daemon, what is redirected is let through there.
 */
import { word } from '../nft/word.ts';
import { type Address, type Family, type Subnet, familyOf, subnetOfAddress } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { IptablesRule } from '../../kinds/iptables-rule/schema.ts';
import { objectKey } from '../../kinds/index.ts';
import type { Called, HostRole, MemberGateway, NodeNetwork } from '../../topology/role.ts';
import { linkTowards } from '../routing/neighbours.ts';
import type { DesiredObject } from '../redirect.ts';

export function dockerUserRules(role: HostRole, facts: Facts): DesiredObject[] {
  const rules = (facts.dockerUser ?? []).flatMap((family) => [
    // Docker lets its own networks out, and their answers in.
    ...role.networks
      .filter(({ engine }) => engine !== 'docker')
      .flatMap((network) => ofNetwork(network, family, facts)),
    ...role.networks.flatMap((network) => callsTo(network, family, facts)),
    ...role.gateways.flatMap((gateway) => ofGateway(gateway, family)),
  ]);
  // Several gateways may be behind one link.
  return [...new Map(rules.map((rule) => [objectKey(rule.object), rule])).values()];
}

/** What another table's policy still stops: not what goes by the chain that we put our rules into. */
export function withoutDockerUser(facts: Facts): Facts {
  const { dockerUser = [], forwardFilters } = facts;
  return {
    ...facts,
    forwardFilters: forwardFilters.filter(
      ({ family, table, chains }) =>
        table !== 'filter' || !chains.has('DOCKER-USER') || !dockerUser.some((one) => family === word(one)),
    ),
  };
}

function ofNetwork(network: NodeNetwork, family: Family, facts: Facts): DesiredObject[] {
  if (network.blocked.includes(family)) return [];
  const subnets = network.subnets.filter((subnet) => familyOf(subnet) === family);
  const exits = [network.nextHops, ...Object.values(network.routes?.nextHops ?? {})];
  const devices = exits.flatMap((hops) => deviceTowards(hops, family, subnets, facts) ?? []);
  const direct = network.direct.filter((subnet) => familyOf(subnet) === family);
  return subnets.flatMap((subnet) => [
    ...devices.flatMap((device) => byDevice(family, subnet, device, `network ${network.name}`)),
    ...direct.flatMap((destination) => toDestination(family, subnet, destination, network.name)),
  ]);
}

function deviceTowards(
  hops: readonly Address[],
  family: Family,
  subnets: readonly Subnet[],
  facts: Facts,
): string | undefined {
  const hop = hops.find((address) => familyOf(address) === family);
  return hop === undefined ? undefined : linkTowards(hop, facts, subnets)?.name;
}

/** What comes by the gateway to a port that it publishes: to Docker's own networks, too, it is a stranger's call. */
function callsTo(
  { name, subnets, blocked, called = [] }: NodeNetwork,
  family: Family,
  facts: Facts,
): DesiredObject[] {
  if (blocked.includes(family)) return [];
  return called
    .filter(({ to }) => familyOf(to) === family)
    .flatMap(({ from, ...port }) => {
      const device = deviceTowards(from, family, subnets, facts);
      return device === undefined ? [] : [callBy(device, port, `network ${name}`)];
    });
}

function ofGateway({ name, served, uplink, publish = [] }: MemberGateway, family: Family): DesiredObject[] {
  return [
    ...served
      .filter(({ subnet }) => familyOf(subnet) === family)
      .flatMap(({ subnet }) => byDevice(family, subnet, uplink.device, `gateway ${name}`)),
    ...publish
      .filter(({ to }) => familyOf(to) === family)
      .map((port) => callBy(uplink.device, port, `gateway ${name}`)),
  ];
}

function callBy(device: string, { to, proto, toPort }: Omit<Called, 'from'>, what: string): DesiredObject {
  const port = ['-p', proto, '-m', proto, '--dport', `${toPort}`];
  return {
    object: accept(familyOf(to), ['-d', subnetOfAddress(to), '-i', device, ...port]),
    why: `allow packets to a published port of ${what}, which Docker would drop`,
  };
}

const answers = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'];

function byDevice(family: Family, subnet: Subnet, device: string, what: string): DesiredObject[] {
  const why = `allow forwarded packets of ${what}, which Docker would drop`;
  return [
    { object: accept(family, ['-s', subnet, '-o', device]), why },
    { object: accept(family, ['-d', subnet, '-i', device, ...answers]), why },
  ];
}

function toDestination(
  family: Family,
  subnet: Subnet,
  destination: Subnet,
  network: string,
): DesiredObject[] {
  const why = `allow packets of network ${network} to direct destinations, which Docker would drop`;
  return [
    { object: accept(family, ['-s', subnet, '-d', destination]), why },
    { object: accept(family, ['-s', destination, '-d', subnet, ...answers]), why },
  ];
}

/** In the words and the order of `iptables-save`. */
function accept(family: Family, matches: readonly string[]): IptablesRule {
  return {
    kind: 'iptables-rule',
    family,
    table: 'filter',
    chain: 'DOCKER-USER',
    args: [...matches, '-j', 'ACCEPT'],
  };
}
