/**
 * The subnets that a network has on this host: those of its engine, or, where nobody tells, those of its bridge. They differ
 * from those of the file when somebody has made the network anew.
 */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  families,
  familyOf,
  isLinkLocal,
  prefixLength,
  sameSubnets,
  subnetAround,
} from '../../address/cidr.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import { otherSubnetsOf, bridgeOf } from './bridge.ts';
import { factsOf } from './network-facts.ts';

export interface OtherSubnets {
  readonly family: Family;
  /** who says so: `docker 28.5.2`, or the bridge */
  readonly by: string;
  /** empty: there is none of this family */
  readonly subnets: readonly Subnet[];
}

/** Of each family that the file redirects, those that are not as the file says. */
export function otherSubnets(network: NodeNetwork, facts: Facts): OtherSubnets[] {
  const open = families.filter(
    (family) => !network.blocked.includes(family) && ofFamily(network.subnets, family).length > 0,
  );
  const found = network.engine === 'external' ? undefined : factsOf(network, facts);
  if (found) {
    // One that does not exist yet is made as the file says.
    if (!found.exists || found.unfit) return [];
    return open.flatMap((family): OtherSubnets[] => {
      const subnets = ofFamily(found.subnets, family);
      const same = sameSubnets(subnets, ofFamily(network.subnets, family));
      return same ? [] : [{ family, by: found.backend, subnets }];
    });
  }
  const bridge = bridgeOf(network, facts);
  const link = facts.links.find(({ name }) => name === bridge);
  // By which this host itself leaves, others live: it is none of the network alone.
  if (link?.type !== 'bridge' || facts.defaultHops.some(({ device }) => device === link.name)) return [];
  return open.flatMap((family) => onBridge(network, family, link, facts));
}

/** Subnets on the bridge of a network that are not its own. One that was made anew has none: what is there is its own. */
export function othersOnBridge(
  { network, others }: { readonly network: NodeNetwork; readonly others: readonly OtherSubnets[] },
  bridge: string,
  family: Family,
  facts: Facts,
): Subnet[] {
  return others.some((one) => one.family === family) ? [] : otherSubnetsOf(network, bridge, family, facts);
}

function onBridge(network: NodeNetwork, family: Family, link: Link, facts: Facts): OtherSubnets[] {
  const own = ofFamily(network.subnets, family);
  const prefixes = link.addresses.filter(
    (prefix) =>
      familyOf(prefix) === family && !isLinkLocal(addressOf(prefix)) && !link.advertised?.includes(prefix),
  );
  const inside = prefixes.filter((prefix) => own.some((subnet) => contains(subnet, addressOf(prefix))));
  // The host reaches its containers by the route of the bridge: one half cannot go another way than the other.
  const wider = inside.filter((prefix) =>
    own.every(
      (subnet) => !contains(subnet, addressOf(prefix)) || prefixLength(prefix) < prefixLength(subnet),
    ),
  );
  if (prefixes.length === 0 || inside.length > wider.length) return [];
  const subnets = [...new Set((wider.length > 0 ? wider : prefixes).map(subnetAround))];
  // A gateway behind it: others live there.
  const isShared = network.nextHops.some((hop) => subnets.some((subnet) => contains(subnet, hop)));
  const isRouted = facts.foreignRoutes.some(
    ({ device, via, destination }) => device === link.name && via === undefined && own.includes(destination),
  );
  return isShared || isRouted ? [] : [{ family, by: link.name, subnets }];
}

function addressOf(prefix: string): Address {
  return prefix.split('/')[0] ?? '';
}

function ofFamily(subnets: readonly Subnet[], family: Family): Subnet[] {
  return subnets.filter((subnet) => familyOf(subnet) === family);
}
