/**
 * Subnets that a network has on this host: those of its engine, or, if the engine does not report them, those of its
 * bridge. They differ from the file if the network was recreated with other subnets.
 */
import {
  type Family,
  type Subnet,
  contains,
  families,
  isLinkLocal,
  prefixLength,
  sameSubnets,
  withoutHostBits,
} from '../../address/cidr.ts';
import { addressOf, isOpen, ofFamily } from '../addresses.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { otherSubnetsOnBridge, bridgeOf } from './bridge.ts';
import { linkNamed } from '../routing/neighbours.ts';
import { factsOf } from './network-facts.ts';

export interface ActualSubnets {
  readonly family: Family;
  /** where they are from: `docker 28.5.2`, or the bridge's name */
  readonly by: string;
  /** empty: the network has no subnet of this family */
  readonly subnets: readonly Subnet[];
}

/** Actual subnets in redirected families in which they differ from the file. */
export function differingSubnets(network: NodeNetwork, facts: Facts): ActualSubnets[] {
  const open = families.filter((family) => isOpen(network, family));
  const found = network.engine === 'external' ? undefined : factsOf(network, facts);
  if (found) {
    // A missing network is created as the file says.
    if (!found.exists || found.unusable) return [];
    return open.flatMap((family): ActualSubnets[] => {
      const subnets = ofFamily(found.subnets, family);
      const same = sameSubnets(subnets, ofFamily(network.subnets, family));
      return same ? [] : [{ family, by: found.backend, subnets }];
    });
  }
  const link = linkNamed(bridgeOf(network, facts), facts);
  // A bridge with this host's default route is shared with other hosts.
  if (link?.type !== 'bridge' || facts.defaultHops.some(({ device }) => device === link.name)) return [];
  return open.flatMap((family) => onBridge(network, family, link, facts));
}

/** A recreated network owns all subnets on its bridge. */
export function otherBridgeSubnetsOf(
  { network, actual }: { readonly network: NodeNetwork; readonly actual: readonly ActualSubnets[] },
  bridge: string,
  family: Family,
  facts: Facts,
): readonly Subnet[] {
  return actual.some((one) => one.family === family)
    ? []
    : otherSubnetsOnBridge(network, bridge, family, facts);
}

function onBridge(network: NodeNetwork, family: Family, link: Link, facts: Facts): ActualSubnets[] {
  const own = ofFamily(network.subnets, family);
  const prefixes = ofFamily(link.addresses, family).filter(
    (prefix) => !isLinkLocal(addressOf(prefix)) && !link.advertised?.includes(prefix),
  );
  const inside = prefixes.filter((prefix) => own.some((subnet) => contains(subnet, addressOf(prefix))));
  // The host reaches its containers by the route of the bridge: a part of its subnet cannot be redirected alone.
  const wider = inside.filter((prefix) =>
    own.every(
      (subnet) => !contains(subnet, addressOf(prefix)) || prefixLength(prefix) < prefixLength(subnet),
    ),
  );
  if (prefixes.length === 0 || inside.length > wider.length) return [];
  const subnets = [...new Set((wider.length > 0 ? wider : prefixes).map(withoutHostBits))];
  // If the gateway is on the bridge, so are other hosts.
  const isShared = network.nextHops.some((hop) => subnets.some((subnet) => contains(subnet, hop)));
  const isRouted = facts.foreignRoutes.some(
    ({ device, via, destination }) => device === link.name && via === undefined && own.includes(destination),
  );
  return isShared || isRouted ? [] : [{ family, by: link.name, subnets }];
}
