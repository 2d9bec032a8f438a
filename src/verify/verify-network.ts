/** Verifies a node: packets from a network go to its gateway, with the container's address, and nowhere else. */
import { bridgeOf } from '../desired/engines/bridge.ts';
import { type Address, type Family, type Subnet, contains, familyOf } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import { readLinks } from '../host/ip/links.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { runningContainer } from './namespace/container.ts';
import { type LiveHost, type Sender, forwardingObstacles } from './live-host.ts';
import type { Expectation } from './probe/observation.ts';
import type { Check, CheckSubject } from './report.ts';
import { runProbes } from './probe/run-probes.ts';
import { candidateAddresses, bridgeSubnetIn } from './namespace/spare-address.ts';
import type { Target } from './target.ts';
import { type Attachment, inTemporaryNamespace } from './namespace/temporary-namespace.ts';
import { verifyNames } from './verify-names.ts';
import { type EgressLookup, hostEgress, gatewayEgresses } from './judge/egress.ts';

export interface ProbeTargets {
  readonly targets: readonly Target[];
  /** whether a reply is expected */
  readonly replyExpected: boolean;
  /** why all packets must be blocked */
  readonly closed?: string;
}

/** @param subnet subnet of the network; its family is the one verified, and that of all targets */
export async function verifyNetwork(
  host: LiveHost,
  facts: Facts,
  network: NodeNetwork,
  subnet: Subnet,
  to: ProbeTargets,
): Promise<Check[]> {
  const about = networkSubject(network, familyOf(subnet));
  const known = facts.networks.find(({ name }) => name === network.name);
  const container = await runningContainer(host, known, [subnet], to.targets);
  const send = (sender: Sender): Promise<Check[]> => sendFrom(host, network, about, sender, to);
  if (!container) {
    const bridge = bridgeOf(network, facts);
    // Packets of this network come in by its bridge, so a routed veth proves nothing.
    if (bridge !== undefined && attachmentOf(facts, network, subnet).kind === 'route') {
      const evidence = `its bridge ${bridge} is not there, or has no address: start a container of the network, and verify again`;
      return [{ ...about, check: 'path', ok: 'not-checked', evidence }];
    }
    return fromSpareAddress(host, facts, network, subnet, send);
  }
  const checks = await send(container);
  return isFirst(network, subnet) && to.closed === undefined
    ? [...checks, ...(await verifyNames(host, network, about, container))]
    : checks;
}

/** DNS is checked once for all families: the container decides which one it uses. */
function isFirst({ subnets, blocked }: NodeNetwork, subnet: Subnet): boolean {
  return subnets.find((one) => !blocked.includes(familyOf(one))) === subnet;
}

export function networkSubject({ name }: NodeNetwork, family: Family): CheckSubject {
  return { subject: `network ${name}, IPv${family}`, family };
}

async function sendFrom(
  host: LiveHost,
  network: NodeNetwork,
  about: CheckSubject,
  sender: Sender,
  to: ProbeTargets,
): Promise<Check[]> {
  const links = await readLinks(host.exec);
  const expected = await Promise.all(
    to.targets.map(async (target) => ({
      target,
      expectation: await expectationOf(host, network, links, sender, target, to),
    })),
  );
  return runProbes(host, about, sender, links, expected);
}

async function expectationOf(
  host: LiveHost,
  network: NodeNetwork,
  links: readonly Link[],
  sender: Sender,
  target: Target,
  { replyExpected, closed }: ProbeTargets,
): Promise<Expectation> {
  const obstacles = await forwardingObstacles(host, sender);
  const { address } = target;
  const family = familyOf(address);
  if (closed !== undefined) {
    return { ...noEgress, egressName: 'nowhere', closed, obstacles, sources: closed, replyExpected: false };
  }
  const vias = viasTo(network, target);
  const gateways = vias.filter((via) => via !== 'direct');
  const hops = gateways.flatMap((gateway) => nextHopsOf(network, gateway, family));
  const direct = vias.includes('direct') ? await hostEgress(host.exec, links, address) : noEgress;
  const redirected = await gatewayEgresses(host.exec, links, hops);
  return {
    egresses: [...redirected.egresses, ...direct.egresses],
    problems: [...redirected.problems, ...direct.problems],
    egressName: vias.map(viaText).join(' or '),
    sources:
      gateways.length < vias.length ? `${address} is direct: the host's own NAT decides` : [sender.source],
    obstacles,
    replyExpected,
  };
}

function viaText(via: string): string {
  return via === 'direct' ? "the host's own way, direct" : `gateway ${via}`;
}

const noEgress: EgressLookup = { egresses: [], problems: [] };

function nextHopsOf(network: NodeNetwork, gateway: string, family: Family): Address[] {
  const hops = gateway === network.gateway ? network.nextHops : (network.routes?.nextHops[gateway] ?? []);
  return hops.filter((hop) => familyOf(hop) === family);
}

/** Gateways, or `direct`, that probes to a target may use: one, unless a route has a protocol or port. */
export function viasTo(network: NodeNetwork, { address, port }: Target): string[] {
  const { direct, routes } = network;
  const gateway = network.leavesDirectly?.[familyOf(address)] ? 'direct' : network.gateway;
  if (!routes) return [direct.some((subnet) => contains(subnet, address)) ? 'direct' : gateway];
  const vias: string[] = [];
  for (const { to, proto, ports, via } of routes.selectors[familyOf(address)]) {
    if (to !== undefined && !contains(to, address)) continue;
    if (ports && port !== undefined && (port < ports[0] || port > ports[1])) continue;
    vias.push(via);
    if (proto === undefined) return [...new Set(vias)];
  }
  return [...new Set([...vias, gateway])];
}

/** Runs `work` in a temporary namespace of the network. Tries the next address when another verification or a foreign host uses one. */
export async function fromSpareAddress<T>(
  host: LiveHost,
  facts: Facts,
  network: NodeNetwork,
  subnet: Subnet,
  work: (sender: Sender) => Promise<T>,
): Promise<T> {
  const attachment = attachmentOf(facts, network, subnet);
  const free = attachment.kind === 'bridge' ? attachment.subnet : subnet;
  const candidates = candidateAddresses(free, facts, network.name);
  for (const address of candidates) {
    try {
      return await inTemporaryNamespace(host, address, attachment, work);
    } catch (error) {
      if (!(error instanceof MustredirectError && error.code === 'busy')) throw error;
    }
  }
  throw new MustredirectError('failed', `network ${network.name}: no free address in ${free}`, {
    hint: `its last addresses are taken (${candidates.join(', ')}); start a container of the network and verify again`,
  });
}

/** Engines remove the bridge with the last container: then the veth is joined by a route. */
export function attachmentOf(facts: Facts, network: NodeNetwork, subnet: Subnet): Attachment {
  const named = facts.networks.find(({ name }) => name === network.name)?.bridge;
  const link = facts.links.find(
    (one) => (one.name === named || one.type === 'bridge') && bridgeSubnetIn(one, subnet) !== undefined,
  );
  const bridgeSubnet = link && bridgeSubnetIn(link, subnet);
  if (link?.type !== 'bridge' || !bridgeSubnet) return { kind: 'route' };
  return {
    kind: 'bridge',
    bridge: link.name,
    subnet: bridgeSubnet.subnet,
    gateway: bridgeSubnet.bridgeAddress,
  };
}
