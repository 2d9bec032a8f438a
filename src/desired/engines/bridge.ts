/** The bridge of a network, and other subnets on this host. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  families,
  isLinkLocal,
  mergeSubnets,
  withoutHostBits,
} from '../../address/cidr.ts';
import { addressOf, ofFamily } from '../addresses.ts';
import type { Facts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { type Redirect, bridgesOf, isNode, kernelRoutesOf } from '../redirect.ts';
import { linkNamed } from '../routing/neighbours.ts';
import { factsOf } from './network-facts.ts';

/**
 * The bridge of the file, else of the engine, else one with an address in the network or a route to it, else the last
 * one.
 */
export function bridgeOf(network: NodeNetwork, facts: Facts): string | undefined {
  const found = network.bridge ?? factsOf(network, facts)?.bridge;
  if (found !== undefined) return found;
  const { links, foreignRoutes, ledger } = facts;
  const isIn = (prefix: string): boolean =>
    network.subnets.some((subnet) => contains(subnet, addressOf(prefix)));
  // Computed once for the network, not for each link: a node may have a thousand of both.
  const routeDevices = new Set(
    foreignRoutes.flatMap(({ via, destination, device }) =>
      via === undefined && network.subnets.includes(destination) ? device : [],
    ),
  );
  const link = links.find(
    ({ name, type, addresses }) => type === 'bridge' && (addresses.some(isIn) || routeDevices.has(name)),
  );
  return link?.name ?? keptBridge(ledger, network.name);
}

/** A bridge that went with its last container, or that does not exist yet at boot, comes back with the same name. */
function keptBridge({ bridges = {} }: Facts['ledger'], network: string): string | undefined {
  return Object.hasOwn(bridges, network) ? bridges[network] : undefined;
}

/**
 * Other subnets on the network's bridge, whose packets are not redirected. The engine's subnets belong to the network
 * even if the file does not mention them. A container may advertise any prefix, so advertised prefixes do not count.
 */
export function otherSubnetsOnBridge(
  network: NodeNetwork,
  bridge: string,
  family: Family,
  facts: Facts,
): readonly Subnet[] {
  const { addresses = [], advertised = [] } = linkNamed(bridge, facts) ?? {};
  const own = [...network.subnets, ...(factsOf(network, facts)?.subnets ?? [])];
  const isOther = (address: Address): boolean =>
    !isLinkLocal(address) && !own.some((subnet) => contains(subnet, address));
  const others = ofFamily(addresses, family).filter(
    (prefix) => !advertised.includes(prefix) && isOther(addressOf(prefix)),
  );
  return mergeSubnets(others.map(withoutHostBits));
}

/** absent in families without steered networks on this host */
export type PublishedSubnets = Readonly<Partial<Record<Family, readonly Subnet[]>>>;

/**
 * Subnets of container networks on this host that are not redirected. Their published ports lead there, also if a
 * redirected container connects to them by the host's address. A bridge with a default route, or with a port that is
 * not a container's, leads to other hosts.
 */
export function publishedSubnets(redirects: readonly Redirect[], facts: Facts): PublishedSubnets {
  const ours = new Set(bridgesOf(redirects));
  const outward = new Set([
    ...facts.defaultHops.map(({ device }) => device),
    ...kernelRoutesOf(redirects).flatMap(({ route: { target } }) =>
      target.kind === 'unicast' ? (target.device ?? []) : [],
    ),
    ...bridgesWithOtherPorts(facts),
  ]);
  const inward = facts.links.filter(
    ({ name, type }) => type === 'bridge' && !ours.has(name) && !outward.has(name),
  );
  const prefixes = inward
    .flatMap(({ addresses }) => addresses)
    .filter((prefix) => !isLinkLocal(addressOf(prefix)));
  const steered = families.filter((family) =>
    redirects.some((redirect) => redirect.family === family && isNode(redirect) && redirect.steer),
  );
  return Object.fromEntries(
    steered.map((family) => [family, mergeSubnets(ofFamily(prefixes, family).map(withoutHostBits))]),
  );
}

/** Bridges with a port that is not a container's: they lead to other hosts. */
export function bridgesWithOtherPorts({ links }: Pick<Facts, 'links'>): string[] {
  return links.flatMap(({ master, type }) =>
    master === undefined || type === 'veth' || type === 'tun' ? [] : [master],
  );
}
