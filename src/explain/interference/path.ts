/** The ways through this host that one packet each way is sent along. */
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
import type { Facts, NetworkFacts } from '../../state/facts.ts';
import type { HostRole, MemberGateway, NodeNetwork, ServedSubnet } from '../../topology/role.ts';
import type { Subject } from '../../verify/report.ts';
import { candidateAddresses } from '../../verify/place/spare-address.ts';
import { subjectOfServed } from '../../verify/verify-member.ts';
import { subjectOf } from '../../verify/verify-network.ts';
import { targetKey, targetsFor } from './targets.ts';

/** One container address, and where its packets come in and go out. */
export interface Path {
  readonly subject: Subject;
  readonly family: Family;
  readonly subnet: Subnet;
  /** an address of the subnet that no container is known to have */
  readonly source: Address;
  /** nobody has it: an address for documentation */
  readonly target: Address;
  /** towards the containers */
  readonly inner: Side;
  /** towards the outside */
  readonly outer: Side;
  /** the source that a packet leaves with is the container's own */
  readonly keepsSource: boolean;
  /** those that go this way: routes of the network may be about one of them */
  readonly protocols: readonly Protocol[];
}

export type Protocol = 'udp' | 'tcp';

export interface Side {
  readonly device: string;
  /** absent where the device alone decides: on a bridge, on a point-to-point link */
  readonly nextHop?: Address;
}

export interface Paths {
  readonly paths: readonly Path[];
  readonly skipped: readonly NotProbed[];
}

/** Why nothing is sent, about one network or about all. */
export interface NotProbed {
  readonly subject?: Subject;
  readonly reason: string;
}

export type { Subject };

/** Ten thousand networks must not mean ten thousand packets: of each gateway and family one, and more up to eight. */
const pathsAtMost = 8;
const groupsAtMost = 16;
/** nor ten thousand times looking for a bridge */
const networksAtMost = 100;

/** Those of other gateways, families and devices come before others that differ by their subnet alone. */
export function pathsOf(role: HostRole, facts: Facts): Paths {
  const found = [...nodePaths(role, facts), ...memberPaths(role, facts)];
  const candidates = found.filter((one): one is Candidate => !('reason' in one));
  const skipped = found.filter((one) => 'reason' in one);
  const chosen = choose(candidates);
  const targets = targetsFor(chosen, role, facts);
  const paths = chosen.flatMap((one) => {
    const target = targets.get(targetKey(one));
    return target === undefined ? [] : [{ ...one, target }];
  });
  const none = chosen.filter((one) => !targets.has(targetKey(one)));
  return {
    paths,
    skipped: [
      ...skipped,
      ...none.map(({ subject }) => ({ subject, reason: 'no address is known that nobody has' })),
    ],
  };
}

function choose(candidates: readonly Candidate[]): Candidate[] {
  const one = firstOfEach(candidates, ({ gateway, family }) => `${gateway} ${family}`).slice(0, groupsAtMost);
  const more = [...firstOfEach(candidates, kindOf), ...candidates].filter((path) => !one.includes(path));
  return [...one, ...new Set(more)].slice(0, Math.max(pathsAtMost, one.length));
}

function firstOfEach(candidates: readonly Candidate[], key: (one: Candidate) => string): Candidate[] {
  return [...new Map(candidates.toReversed().map((one) => [key(one), one])).values()].toReversed();
}

type Candidate = Omit<Path, 'target'> & { readonly gateway: string };

function kindOf({ gateway, family, inner, outer }: Candidate): string {
  return [gateway, family, inner.device, outer.device, outer.nextHop ?? ''].join(' ');
}

function nodePaths(role: HostRole, facts: Facts): (Candidate | NotProbed)[] {
  const found: (Candidate | NotProbed)[] = [];
  const counts = new Map<string, number>();
  for (const { network, own } of liveFirst(role, facts).slice(0, networksAtMost)) {
    for (const family of families) {
      const subnet = network.subnets.find((one) => familyOf(one) === family);
      const group = `${network.gateway} ${family}`;
      const count = counts.get(group) ?? 0;
      if (subnet === undefined || network.blocked.includes(family) || count === pathsAtMost) continue;
      const path = nodePath(network, family, subnet, facts, own);
      found.push(path);
      if (!('reason' in path)) counts.set(group, count + 1);
    }
  }
  return found;
}

interface Known {
  readonly network: NodeNetwork;
  /** what the engine says of it */
  readonly own: NetworkFacts | undefined;
}

/** Those with a bridge, as far as engines know; of those of nobody's, none is known to have one. */
function liveFirst({ networks }: HostRole, facts: Facts): Known[] {
  const links = new Set(facts.links.map(({ name }) => name));
  const told = new Map(facts.networks.map((network) => [keyOf(network), network]));
  const all = networks.map((network) => ({ network, own: told.get(keyOf(network)) }));
  const isLive = ({ own }: Known): boolean => own?.bridge !== undefined && links.has(own.bridge);
  return [...all.filter(isLive), ...all.filter((one) => !isLive(one))];
}

function keyOf({ engine, name }: Pick<NetworkFacts, 'engine' | 'name'>): string {
  return `${engine} ${name}`;
}

function nodePath(
  network: NodeNetwork,
  family: Family,
  subnet: Subnet,
  facts: Facts,
  own: NetworkFacts | undefined,
): Candidate | NotProbed {
  const alone = { ...facts, networks: own ? [own] : [] };
  const subject = subjectOf(network, family);
  const bridge = bridgeOf(network, alone);
  const link = facts.links.find(({ name }) => name === bridge);
  if (bridge === undefined || !link || link.down) {
    return { subject, reason: `its bridge is not up, since no container of it runs` };
  }
  if (!link.addresses.some((address) => contains(subnet, address.split('/')[0] ?? ''))) {
    return { subject, reason: `${bridge} has no address of ${subnet}` };
  }
  const exit = exitOf(network, family, 'udp');
  if (exit.gateway === 'direct') return { subject, reason: `its routes lead elsewhere what no route names` };
  const { gateway, nextHop } = exit;
  const outer = nextHop === undefined ? undefined : linkTowards(nextHop, facts, network.subnets);
  const [source] = candidateAddresses(subnet, alone, network.name);
  if (nextHop === undefined || !outer || outer.down)
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
    protocols: exitOf(network, family, 'tcp').nextHop === nextHop ? ['udp', 'tcp'] : ['udp'],
  };
}

/** Where a packet goes, to an address and a port that no route names. */
function exitOf(
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

function memberPaths({ gateways }: HostRole, facts: Facts): (Candidate | NotProbed)[] {
  return gateways.flatMap((gateway) => gateway.served.map((served) => memberPath(gateway, served, facts)));
}

function memberPath(gateway: MemberGateway, served: ServedSubnet, facts: Facts): Candidate | NotProbed {
  const { subnet, node, nodeAddress, routes, onlyRoutes } = served;
  const family = familyOf(subnet);
  const subject = subjectOfServed(gateway, served);
  if (routes ?? onlyRoutes) return { subject, reason: `several gateways of the network are here` };
  const inner = linkTowards(nodeAddress, facts);
  const outer = facts.links.find(({ name }) => name === gateway.uplink.device);
  if (!inner || inner.down) return { subject, reason: `there is no link to ${node}` };
  if (!outer || outer.down) return { subject, reason: `its uplink ${gateway.uplink.device} is not up` };
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
