/** Neighbours of this host, and their links. */
import { type Address, type Subnet, contains, familyOf } from '../../address/cidr.ts';
import type { Facts, Hop, Link } from '../../state/facts.ts';

type Known = Pick<Facts, 'links' | 'foreignRoutes'>;

/**
 * The link on which an address is a neighbour: one that is up, then the longest prefix. A link leads to the subnets of
 * its addresses, and to those that a route names without a next hop: an address may be alone, as those of DHCPv6 are.
 * A bridge of the network itself is none: a gateway there would be one of the network's own addresses.
 */
export function linkTowards(
  address: Address,
  known: Known,
  except: readonly Subnet[] = [],
): Link | undefined {
  return except.some((subnet) => contains(subnet, address)) ? undefined : finderOf(known)(address);
}

/** Neighbours, each with its link. One that is on no link cannot be reached, and so is no way. */
export function hopsTowards(addresses: readonly Address[], except: readonly Subnet[], known: Known): Hop[] {
  return addresses.flatMap((via) => {
    const device = linkTowards(via, known, except)?.name;
    return device === undefined ? [] : [{ via, device }];
  });
}

type Finder = (address: Address) => Link | undefined;

/** A host is looked at once, and has one gateway for ten thousand networks, or fifty nodes behind it. */
const finders = new WeakMap<Known, Finder>();

function finderOf(known: Known): Finder {
  const finder = finders.get(known) ?? createFinder(known);
  finders.set(known, finder);
  return finder;
}

function createFinder(known: Known): Finder {
  const prefixes = prefixesOf(known);
  const found = new Map<Address, { readonly link: Link | undefined }>();
  return (address) => {
    const answer = found.get(address) ?? { link: findLink(address, prefixes) };
    found.set(address, answer);
    return answer.link;
  };
}

interface Prefix {
  readonly link: Link;
  readonly prefix: Subnet;
}

function findLink(address: Address, prefixes: readonly Prefix[]): Link | undefined {
  let best: { link: Link; rank: number } | undefined;
  for (const { link, prefix } of prefixes) {
    if (familyOf(prefix) !== familyOf(address) || !contains(prefix, address)) continue;
    // The kernel routes by no link that is down, however long its prefix is.
    const rank = Number(prefix.split('/')[1]) + (link.down ? 0 : 1000);
    if (!best || rank > best.rank) best = { link, rank };
  }
  return best?.link;
}

function prefixesOf({ links, foreignRoutes }: Known): Prefix[] {
  const routed = new Map<string, Subnet[]>();
  for (const { device, via, destination } of foreignRoutes) {
    if (device === undefined || via !== undefined) continue;
    const those = routed.get(device) ?? [];
    those.push(destination);
    routed.set(device, those);
  }
  return links.flatMap((link) =>
    [...link.addresses, ...(link.peers ?? []), ...(routed.get(link.name) ?? [])].map((prefix) => ({
      link,
      prefix,
    })),
  );
}
