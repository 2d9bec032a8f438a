/** Finds published ports of a gateway that lead into a subnet. */
import { type Subnet, familyOf, prefixLength, withoutHostBits } from '../address/cidr.ts';
import type { Network, PublishedPort } from '../spec/spec.ts';

interface NetworkWithSubnets {
  readonly network: Pick<Network, 'subnets'>;
}

/** Returns each port once, in the order of the file. */
export type PortFinder = (subnets: readonly Subnet[]) => readonly PublishedPort[];

/**
 * Looks up each port by the subnets that may contain it, one for each prefix length in use, instead of comparing it
 * with every subnet.
 *
 * @param networks networks that the ports may lead to
 */
export function portFinder(
  ports: readonly PublishedPort[] = [],
  networks: readonly NetworkWithSubnets[],
): PortFinder {
  if (ports.length === 0) return () => [];
  const prefixes = prefixesOf(networks);
  const indexes = new Map<Subnet, number[]>();
  for (const [index, { to }] of ports.entries()) {
    for (const prefix of prefixes[familyOf(to)]) {
      const subnet = withoutHostBits(`${to}/${prefix}`);
      indexes.set(subnet, [...(indexes.get(subnet) ?? []), index]);
    }
  }
  return (subnets) =>
    [...new Set(subnets.flatMap((subnet) => indexes.get(subnet) ?? []))]
      .sort((a, b) => a - b)
      .flatMap((index) => ports[index] ?? []);
}

function prefixesOf(networks: readonly NetworkWithSubnets[]): Record<4 | 6, Set<number>> {
  const prefixes = { 4: new Set<number>(), 6: new Set<number>() };
  for (const { network } of networks) {
    for (const subnet of Object.values(network.subnets).flat())
      prefixes[familyOf(subnet)].add(prefixLength(subnet));
  }
  return prefixes;
}
