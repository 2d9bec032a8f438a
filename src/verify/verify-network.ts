/** On a node: what leaves a network goes to its gateway, with the container's address, and nowhere else. */
import { bridgeOf } from '../desired/engines/bridge.ts';
import { type Address, type Family, type Subnet, contains, familyOf } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import { readLinks } from '../host/ip/links.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { runningContainer } from './place/container.ts';
import { type LiveHost, type Place, forwardingObstacles } from './live-host.ts';
import type { Expectation } from './probe/observation.ts';
import type { Check, Subject } from './report.ts';
import { runProbes } from './probe/run-probes.ts';
import { candidateAddresses } from './place/spare-address.ts';
import type { Target } from './target.ts';
import { type Joint, withTemporaryPlace } from './place/temporary-place.ts';
import { verifyNames } from './verify-names.ts';
import { type Ways, ownWay, waysToGateways } from './judge/egress.ts';

export interface Aim {
  readonly targets: readonly Target[];
  /** whether somebody is expected to answer */
  readonly answered: boolean;
  /** why nothing may leave */
  readonly closed?: string;
}

/** @param subnet the network's of the family that is verified, as are all of the aim's targets */
export async function verifyNetwork(
  host: LiveHost,
  facts: Facts,
  network: NodeNetwork,
  subnet: Subnet,
  aim: Aim,
): Promise<Check[]> {
  const about = subjectOf(network, familyOf(subnet));
  const known = facts.networks.find(({ name }) => name === network.name);
  const container = await runningContainer(host, known, [subnet], aim.targets);
  const send = (place: Place): Promise<Check[]> => sendFrom(host, network, about, place, aim);
  if (!container) {
    const bridge = bridgeOf(network, facts);
    // A packet of the network comes by its bridge, or it is none of the network's.
    if (bridge !== undefined && jointOf(facts, network, subnet).kind === 'route') {
      const evidence = `its bridge ${bridge} is not there, or has no address: start a container of the network, and verify again`;
      return [{ ...about, check: 'path', ok: 'not-checked', evidence }];
    }
    return fromTemporaryPlace(host, facts, network, subnet, send);
  }
  const checks = await send(container);
  return isFirst(network, subnet) && aim.closed === undefined
    ? [...checks, ...(await verifyNames(host, network, about, container))]
    : checks;
}

/** Names are asked for once, whatever families there are: it is the container that decides by which one. */
function isFirst({ subnets, blocked }: NodeNetwork, subnet: Subnet): boolean {
  return subnets.find((one) => !blocked.includes(familyOf(one))) === subnet;
}

export function subjectOf({ name }: NodeNetwork, family: Family): Subject {
  return { subject: `network ${name}, IPv${family}`, family };
}

async function sendFrom(
  host: LiveHost,
  network: NodeNetwork,
  about: Subject,
  place: Place,
  aim: Aim,
): Promise<Check[]> {
  const links = await readLinks(host.exec);
  const expected = await Promise.all(
    aim.targets.map(async (target) => ({
      target,
      expectation: await expectationOf(host, network, links, place, target, aim),
    })),
  );
  return runProbes(host, about, place, links, expected);
}

async function expectationOf(
  host: LiveHost,
  network: NodeNetwork,
  links: readonly Link[],
  place: Place,
  target: Target,
  { answered, closed }: Aim,
): Promise<Expectation> {
  const obstacles = await forwardingObstacles(host, place);
  const { address } = target;
  const family = familyOf(address);
  if (closed !== undefined) {
    return {
      ways: [],
      wayName: 'nowhere',
      closed,
      problems: [],
      obstacles,
      sources: closed,
      answered: false,
    };
  }
  const exits = exitsTo(network, target);
  const gateways = exits.filter((exit) => exit !== 'direct');
  const hops = gateways.flatMap((gateway) => nextHopsOf(network, gateway, family));
  const direct = exits.includes('direct') ? await ownWay(host.exec, links, address) : noWays;
  const redirected = await waysToGateways(host.exec, links, hops);
  return {
    ways: [...redirected.ways, ...direct.ways],
    problems: [...redirected.problems, ...direct.problems],
    wayName: exits.map(wayName).join(' or '),
    sources:
      gateways.length < exits.length ? `${address} is direct: the host's own NAT decides` : [place.source],
    obstacles,
    answered,
  };
}

function wayName(exit: string): string {
  return exit === 'direct' ? "the host's own way, direct" : `gateway ${exit}`;
}

const noWays: Ways = { ways: [], problems: [] };

function nextHopsOf(network: NodeNetwork, gateway: string, family: Family): Address[] {
  const hops = gateway === network.gateway ? network.nextHops : (network.routes?.nextHops[gateway] ?? []);
  return hops.filter((hop) => familyOf(hop) === family);
}

/** The gateways, or `direct`, that probes to a target go to: one, unless a route is about a protocol or a port. */
export function exitsTo(network: NodeNetwork, { address, port }: Target): string[] {
  const { direct, routes, gateway } = network;
  if (!routes) return [direct.some((subnet) => contains(subnet, address)) ? 'direct' : gateway];
  const exits: string[] = [];
  for (const { to, proto, ports, via } of routes.selectors[familyOf(address)]) {
    if (to !== undefined && !contains(to, address)) continue;
    if (ports && port !== undefined && (port < ports[0] || port > ports[1])) continue;
    exits.push(via);
    if (proto === undefined) return [...new Set(exits)];
  }
  return [...new Set([...exits, gateway])];
}

/** An address that is taken after all, by another verification or by a stranger: then the next one. */
async function fromTemporaryPlace<T>(
  host: LiveHost,
  facts: Facts,
  network: NodeNetwork,
  subnet: Subnet,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const joint = jointOf(facts, network, subnet);
  const candidates = candidateAddresses(subnet, facts, network.name);
  for (const address of candidates) {
    try {
      return await withTemporaryPlace(host, address, joint, work);
    } catch (error) {
      if (!(error instanceof MustredirectError && error.code === 'busy')) throw error;
    }
  }
  throw new MustredirectError('failed', `network ${network.name}: no free address in ${subnet}`, {
    hint: `its last addresses are taken (${candidates.join(', ')}); start a container of the network and verify again`,
  });
}

/** An engine takes the bridge away with the last container: then the veth is routed, with no bridge. */
export function jointOf(facts: Facts, network: NodeNetwork, subnet: Subnet): Joint {
  const named = facts.networks.find(({ name }) => name === network.name)?.bridge;
  const inside = (address: string): boolean => contains(subnet, address.split('/')[0] ?? '');
  const link = facts.links.find(
    ({ name, type, addresses }) => (name === named || type === 'bridge') && addresses.some(inside),
  );
  const gateway = link?.addresses.find(inside)?.split('/')[0];
  if (link?.type !== 'bridge' || !gateway) return { kind: 'route' };
  return { kind: 'bridge', bridge: link.name, subnet, gateway };
}
