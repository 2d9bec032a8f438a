/** Who is a neighbour of this host. */
import { type Address, type Subnet, contains, familyOf } from '../address/cidr.ts';
import type { Facts, Link } from '../state/facts.ts';

type Known = Pick<Facts, 'links' | 'foreignRoutes'>;

/**
 * The link on which an address is a neighbour: one that is up, then the longest prefix. A link leads to the subnets of
 * its addresses, and to those that a route names without a next hop: an address may be alone, as those of DHCPv6 are.
 * A bridge of the network itself is none: a gateway there would be one of the network's own addresses.
 */
export function linkTowards(
  address: Address,
  { links, foreignRoutes }: Known,
  except: readonly Subnet[] = [],
): Link | undefined {
  if (except.some((subnet) => contains(subnet, address))) return undefined;
  let best: { link: Link; rank: number } | undefined;
  for (const link of links) {
    for (const prefix of prefixesOn(link, foreignRoutes)) {
      if (familyOf(prefix) !== familyOf(address) || !contains(prefix, address)) continue;
      // The kernel routes by no link that is down, however long its prefix is.
      const rank = Number(prefix.split('/')[1]) + (link.down ? 0 : 1000);
      if (!best || rank > best.rank) best = { link, rank };
    }
  }
  return best?.link;
}

/** The same for many addresses that are few: ten thousand networks are on fifty nodes. */
export function neighbourFinder(facts: Known): (address: Address) => Link | undefined {
  const found = new Map<Address, { readonly link: Link | undefined }>();
  return (address) => {
    const known = found.get(address) ?? { link: linkTowards(address, facts) };
    found.set(address, known);
    return known.link;
  };
}

function prefixesOn(
  { name, addresses, peers = [] }: Link,
  routes: Known['foreignRoutes'],
): readonly string[] {
  const onLink = routes.filter(({ device, via }) => device === name && via === undefined);
  return [...addresses, ...peers, ...onLink.map(({ destination }) => destination)];
}
