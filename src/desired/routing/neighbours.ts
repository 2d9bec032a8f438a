/** Links of this host, and addresses that are neighbours on them. */
import { type Address, type Subnet, contains, familyOf } from '../../address/cidr.ts';
import type { Facts, Hop, Link } from '../../state/facts.ts';

type Known = Pick<Facts, 'links' | 'foreignRoutes'>;

/**
 * The link on which an address is a neighbour: links that are up come first, then the longest prefix. A link leads to
 * the subnets of its addresses, and to destinations of its routes without a next hop: DHCPv6 assigns addresses without
 * a subnet.
 *
 * @param except a network's subnets: its gateway must not be one of its own addresses
 */
export function linkTowards(
  address: Address,
  known: Known,
  except: readonly Subnet[] = [],
): Link | undefined {
  return except.some((subnet) => contains(subnet, address)) ? undefined : finderOf(known)(address);
}

/** Next hops with their links. Addresses without a link are left out. */
export function hopsTowards(addresses: readonly Address[], except: readonly Subnet[], known: Known): Hop[] {
  return addresses.flatMap((via) => {
    const device = linkTowards(via, known, except)?.name;
    return device === undefined ? [] : [{ via, device }];
  });
}

export function linkNamed(name: string | undefined, { links }: Pick<Facts, 'links'>): Link | undefined {
  return links.find((link) => link.name === name);
}

type Finder = (address: Address) => Link | undefined;

/** Cached for each read of a host: ten thousand networks may use the same gateway. */
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
    const entry = found.get(address) ?? { link: findLink(address, prefixes) };
    found.set(address, entry);
    return entry.link;
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
    // The kernel ignores routes of a link that is down, whatever their prefix length.
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
