/** The bridge of a network, and other subnets on it. */
import {
  type Family,
  type Subnet,
  contains,
  familyOf,
  isLinkLocal,
  mergeSubnets,
  subnetAround,
} from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { type Redirect, bridgesOf, isLocal } from '../redirect.ts';
import { factsOf } from './network-facts.ts';

/** What the file says, and then what the engine says, else the one that has an address of the network, or leads to it, else that of the last time. */
export function bridgeOf(network: NodeNetwork, facts: Facts): string | undefined {
  const found = network.bridge ?? factsOf(network, facts)?.bridge;
  if (found !== undefined) return found;
  const { links, foreignRoutes, ledger } = facts;
  const isIn = (text: string): boolean =>
    network.subnets.some((subnet) => contains(subnet, text.split('/')[0] ?? ''));
  // Once for the network, not for each link: a node may have a thousand of both.
  const leading = new Set(
    foreignRoutes.flatMap((route) =>
      route.via === undefined && isSubnetOf(network, route) ? route.device : [],
    ),
  );
  const link = links.find(
    ({ name, type, addresses }) => type === 'bridge' && (addresses.some(isIn) || leading.has(name)),
  );
  return link?.name ?? keptBridge(ledger, network.name);
}

function isSubnetOf({ subnets }: NodeNetwork, { destination }: Facts['foreignRoutes'][number]): boolean {
  return subnets.includes(destination);
}

/** One that is gone for now, with its last container, or as at boot, comes back under its name. */
function keptBridge({ bridges = {} }: Facts['ledger'], network: string): string | undefined {
  return Object.hasOwn(bridges, network) ? bridges[network] : undefined;
}

/**
 * Subnets of others on the same bridge: what comes from them is none of our business. What the engine gave the
 * network is its own, though the file may not mention it, and what a container advertises makes it no router.
 */
export function otherSubnetsOf(network: NodeNetwork, bridge: string, family: Family, facts: Facts): Subnet[] {
  const { addresses = [], advertised = [] } = facts.links.find(({ name }) => name === bridge) ?? {};
  const own = [...network.subnets, ...(factsOf(network, facts)?.subnets ?? [])];
  const others = addresses
    .filter((prefix) => familyOf(prefix) === family && !advertised.includes(prefix))
    .map((prefix) => ({ address: prefix.split('/')[0] ?? '', prefix }))
    .filter(({ address }) => !isLinkLocal(address) && !own.some((subnet) => contains(subnet, address)));
  return mergeSubnets(others.map(({ prefix }) => subnetAround(prefix)));
}

/** absent in a family of which nothing is steered from here */
export type PublishedSubnets = Readonly<Partial<Record<Family, readonly Subnet[]>>>;

/**
 * Subnets of container networks of this host that are not redirected. Ports that it publishes of them lead there, also when a
 * redirected container asks for them by the host's address. A bridge with a port that is no container's, or with a default route,
 * leads elsewhere.
 */
export function publishedSubnets(redirects: readonly Redirect[], facts: Facts): PublishedSubnets {
  const ours = new Set(bridgesOf(redirects));
  const outward = new Set([
    ...facts.defaultHops.map(({ device }) => device),
    ...redirects.flatMap(({ routes }) =>
      routes.flatMap(({ route: { target } }) => (target.kind === 'unicast' ? (target.device ?? []) : [])),
    ),
    ...facts.links.flatMap(({ master, type }) =>
      master === undefined || type === 'veth' || type === 'tun' ? [] : [master],
    ),
  ]);
  const inward = facts.links.filter(
    ({ name, type }) => type === 'bridge' && !ours.has(name) && !outward.has(name),
  );
  const inFamily = (family: Family): PublishedSubnets =>
    redirects.some((redirect) => redirect.family === family && isLocal(redirect) && redirect.steer)
      ? {
          [family]: mergeSubnets(
            inward.flatMap(({ addresses }) =>
              addresses
                .filter((prefix) => familyOf(prefix) === family && !isLinkLocal(prefix.split('/')[0] ?? ''))
                .map(subnetAround),
            ),
          ),
        }
      : {};
  return { ...inFamily(4), ...inFamily(6) };
}
