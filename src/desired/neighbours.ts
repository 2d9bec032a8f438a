/** Who is a neighbour of this host. */
import { type Address, type Subnet, contains, familyOf } from '../address/cidr.ts';
import type { Link } from '../state/facts.ts';

/**
 * The link on which an address is a neighbour: one that is up, then the longest prefix. A bridge of the network itself is
 * none: a gateway there would be one of the network's own addresses.
 */
export function linkTowards(
  address: Address,
  links: readonly Link[],
  except: readonly Subnet[] = [],
): Link | undefined {
  let best: { link: Link; rank: number } | undefined;
  for (const link of links) {
    for (const prefix of [...link.addresses, ...(link.peers ?? [])]) {
      // The kernel routes by no link that is down, however long its prefix is.
      const rank = Number(prefix.split('/')[1]) + (link.down ? 0 : 1000);
      if (familyOf(prefix) !== familyOf(address) || !contains(prefix, address)) continue;
      if (except.some((subnet) => contains(subnet, address))) continue;
      if (!best || rank > best.rank) best = { link, rank };
    }
  }
  return best?.link;
}
