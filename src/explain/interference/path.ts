/** Paths of probe packets through this host: one packet in each direction is sent along each path. */
import {
  type Address,
  type Family,
  type Subnet,
  addressesFromTop,
  contains,
  families,
  familyOf,
  prefixLength,
} from '../../address/cidr.ts';
import { bridgeOf } from '../../desired/engines/bridge.ts';
import { linkTowards } from '../../desired/routing/neighbours.ts';
import type { Facts, Link, NetworkFacts } from '../../state/facts.ts';
import { withVerdicts } from '../../topology/verdicts.ts';
import type { HostRole, MemberGateway, NodeNetwork, ServedSubnet } from '../../topology/role.ts';
import type { CheckSubject } from '../../verify/report.ts';
import { candidateAddresses, bridgeSubnetIn } from '../../verify/namespace/spare-address.ts';
import { servedSubject } from '../../verify/verify-member.ts';
import { networkSubject } from '../../verify/verify-network.ts';
import { memberHop } from './member-hop.ts';
import { targetKey, targetsFor } from './targets.ts';

/** Container address, and the devices by which its packets come in and leave. */
export interface Path {
  readonly subject: CheckSubject;
  readonly family: Family;
  readonly subnet: Subnet;
  /** address of the subnet that no container is known to use */
  readonly source: Address;
  /** documentation address, which no host has */
  readonly target: Address;
  /** side of the container */
  readonly inner: Side;
  /** side of the gateway, or of the uplink */
  readonly outer: Side;
  /** whether packets leave with the container's own address */
  readonly keepsSource: boolean;
  /** protocols with this path: a route of the network may match only one of them */
  readonly protocols: readonly Protocol[];
}

export type Protocol = 'udp' | 'tcp';

export interface Side {
  readonly device: string;
  /** absent when the device suffices: on a bridge, on a point-to-point link */
  readonly nextHop?: Address;
}

export interface Paths {
  readonly paths: readonly Path[];
  readonly skipped: readonly NotProbed[];
}

/** Reason why no packets are sent, for one network or for all. */
export interface NotProbed {
  readonly subject?: CheckSubject;
  readonly reason: string;
}

/**
 * Limits the number of probe packets with many networks: one path for each gateway and family, and others up to eight.
 */
const pathsAtMost = 8;
const groupsAtMost = 16;
/** limits the number of networks whose bridge is looked up */
const networksAtMost = 100;

/** Paths with another gateway, family or device come before those that differ only in their subnet. */
export function pathsOf(given: HostRole, facts: Facts): Paths {
  const role = withVerdicts(given, facts);
  const found = [...nodePaths(role, facts), ...memberPaths(role, facts)];
  const chosen = choose(found.filter((one): one is UntargetedPath => !('reason' in one)));
  const targets = targetsFor(chosen, role, facts);
  const targeted = chosen.map((one): Path | NotProbed => {
    const target = targets.get(targetKey(one));
    if (target !== undefined) return { ...one, target, ...memberHop(role, facts, one, target) };
    return { subject: one.subject, reason: 'no address is known that nobody has' };
  });
  return {
    paths: targeted.filter((one): one is Path => !('reason' in one)),
    skipped: [...found, ...targeted].filter((one): one is NotProbed => 'reason' in one),
  };
}

function choose(untargeted: readonly UntargetedPath[]): UntargetedPath[] {
  const firsts = firstOfEach(untargeted, ({ gateway, family }) => `${gateway} ${family}`).slice(
    0,
    groupsAtMost,
  );
  const others = [...firstOfEach(untargeted, kindOf), ...untargeted].filter((path) => !firsts.includes(path));
  return [...firsts, ...new Set(others)].slice(0, Math.max(pathsAtMost, firsts.length));
}

function firstOfEach(
  untargeted: readonly UntargetedPath[],
  key: (one: UntargetedPath) => string,
): UntargetedPath[] {
  return [...new Map(untargeted.toReversed().map((one) => [key(one), one])).values()].toReversed();
}

type UntargetedPath = Omit<Path, 'target'> & { readonly gateway: string };

function kindOf({ gateway, family, inner, outer }: UntargetedPath): string {
  return [gateway, family, inner.device, outer.device, outer.nextHop ?? ''].join(' ');
}

function nodePaths(role: HostRole, facts: Facts): (UntargetedPath | NotProbed)[] {
  const found: (UntargetedPath | NotProbed)[] = [];
  const counts = new Map<string, number>();
  for (const { network, networkFacts } of upFirst(role, facts).slice(0, networksAtMost)) {
    for (const family of families) {
      const subnet = network.subnets.find((one) => familyOf(one) === family);
      const group = `${network.gateway} ${family}`;
      const count = counts.get(group) ?? 0;
      if (subnet === undefined || network.blocked.includes(family) || count === pathsAtMost) continue;
      const path = nodePath(network, family, subnet, facts, networkFacts);
      found.push(path);
      if (!('reason' in path)) counts.set(group, count + 1);
    }
  }
  return found;
}

interface NetworkWithFacts {
  readonly network: NodeNetwork;
  /** facts of the engine about the network */
  readonly networkFacts: NetworkFacts | undefined;
}

/** Networks whose bridge is known and up come first; external networks have no known bridge. */
function upFirst({ networks }: HostRole, facts: Facts): NetworkWithFacts[] {
  const links = new Set(facts.links.map(({ name }) => name));
  const factsOf = new Map(facts.networks.map((network) => [keyOf(network), network]));
  const all = networks.map((network) => ({ network, networkFacts: factsOf.get(keyOf(network)) }));
  const isUp = ({ networkFacts }: NetworkWithFacts): boolean =>
    networkFacts?.bridge !== undefined && links.has(networkFacts.bridge);
  return [...all.filter(isUp), ...all.filter((one) => !isUp(one))];
}

function keyOf({ engine, name }: Pick<NetworkFacts, 'engine' | 'name'>): string {
  return `${engine} ${name}`;
}

function nodePath(
  network: NodeNetwork,
  family: Family,
  subnet: Subnet,
  facts: Facts,
  networkFacts: NetworkFacts | undefined,
): UntargetedPath | NotProbed {
  const ownFacts = { ...facts, networks: networkFacts ? [networkFacts] : [] };
  const subject = networkSubject(network, family);
  const bridge = bridgeOf(network, ownFacts);
  const link = facts.links.find(({ name }) => name === bridge);
  if (bridge === undefined || !link || isDown(link)) {
    return { subject, reason: `its bridge is not up, since no container of it runs` };
  }
  const bridgeSubnet = bridgeSubnetIn(link, subnet);
  if (!bridgeSubnet) return { subject, reason: `${bridge} has no address of ${subnet}` };
  if (network.leavesDirectly?.[family]) {
    return { subject, reason: `it leaves directly: ${network.leavesDirectly[family].why}` };
  }
  const { gateway, nextHop } = gatewayOf(network, family, 'udp');
  if (gateway === 'direct') return { subject, reason: `its routes lead elsewhere what no route names` };
  const outer = nextHop === undefined ? undefined : linkTowards(nextHop, facts, network.subnets);
  const [source] = candidateAddresses(bridgeSubnet.subnet, ownFacts, network.name);
  if (nextHop === undefined || !outer || isDown(outer))
    return { subject, reason: `there is no link to gateway ${gateway}` };
  if (source === undefined) return { subject, reason: `no free address in ${subnet}` };
  return {
    subject,
    gateway,
    family,
    subnet,
    source,
    inner: { device: bridge },
    outer: { device: outer.name, nextHop },
    keepsSource: true,
    protocols: gatewayOf(network, family, 'tcp').nextHop === nextHop ? ['udp', 'tcp'] : ['udp'],
  };
}

/** The kernel redirects packets only to a device with carrier: by any other, the probe cannot come in. */
function isDown({ down, noCarrier }: Link): boolean {
  return (down ?? noCarrier) === true;
}

/** Gateway of packets with a destination and port that no route names. */
function gatewayOf(
  network: NodeNetwork,
  family: Family,
  protocol: Protocol,
): { readonly gateway: string; readonly nextHop: Address | undefined } {
  const hopOf = (hops: readonly Address[] = []): Address | undefined =>
    hops.find((hop) => familyOf(hop) === family);
  const selectors = network.routes?.selectors[family] ?? [];
  const first = selectors.find(({ to, proto, ports }) => !to && !ports && (!proto || proto === protocol));
  if (!first || first.via === network.gateway) {
    return { gateway: network.gateway, nextHop: hopOf(network.nextHops) };
  }
  return { gateway: first.via, nextHop: hopOf(network.routes?.nextHops[first.via]) };
}

function memberPaths({ gateways }: HostRole, facts: Facts): (UntargetedPath | NotProbed)[] {
  return gateways.flatMap((gateway) => gateway.served.map((served) => memberPath(gateway, served, facts)));
}

function memberPath(gateway: MemberGateway, served: ServedSubnet, facts: Facts): UntargetedPath | NotProbed {
  const { subnet, node, nodeAddress, routes, onlyRoutes } = served;
  const family = familyOf(subnet);
  const subject = servedSubject(gateway, served);
  if (routes ?? onlyRoutes) return { subject, reason: `several gateways of the network are here` };
  const inner = linkTowards(nodeAddress, facts);
  const outer = facts.links.find(({ name }) => name === gateway.uplink.device);
  if (!inner || isDown(inner)) return { subject, reason: `there is no link to ${node}` };
  if (!outer || isDown(outer)) return { subject, reason: `its uplink ${gateway.uplink.device} is not up` };
  const via = gateway.uplink.via?.find((hop) => familyOf(hop) === family);
  const source = lastAddress(subnet);
  if (source === undefined) return { subject, reason: `no address in ${subnet}` };
  return {
    subject,
    gateway: gateway.name,
    family,
    subnet,
    source,
    inner: { device: inner.name, nextHop: nodeAddress },
    outer: { device: outer.name, ...(via === undefined ? {} : { nextHop: via }) },
    keepsSource: false,
    protocols: ['udp', 'tcp'],
  };
}

function lastAddress(subnet: Subnet): Address | undefined {
  if (prefixLength(subnet) >= (familyOf(subnet) === 4 ? 31 : 127)) return subnet.split('/')[0];
  for (const address of addressesFromTop(subnet)) if (contains(subnet, address)) return address;
  return undefined;
}
