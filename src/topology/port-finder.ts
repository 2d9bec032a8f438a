/** Which published ports of a gateway lead into a subnet. */
import { type Subnet, familyOf, prefixLength, subnetAround } from '../address/cidr.ts';
import type { Network, PublishedPort } from '../spec/spec.ts';

interface User {
  readonly network: Pick<Network, 'subnets'>;
}

/** In the order of the file, each once. */
export type PortFinder = (subnets: readonly Subnet[]) => readonly PublishedPort[];

/**
 * Each port is looked up under the subnets that it can lie in, one for each prefix length that there is, instead of being
 * compared with every subnet.
 *
 * @param users the networks that the ports can lead to
 */
export function portFinder(ports: readonly PublishedPort[] = [], users: readonly User[]): PortFinder {
  if (ports.length === 0) return () => [];
  const prefixes = prefixesOf(users);
  const places = new Map<Subnet, number[]>();
  for (const [place, { to }] of ports.entries()) {
    for (const prefix of prefixes[familyOf(to)]) {
      const subnet = subnetAround(`${to}/${prefix}`);
      places.set(subnet, [...(places.get(subnet) ?? []), place]);
    }
  }
  return (subnets) =>
    [...new Set(subnets.flatMap((subnet) => places.get(subnet) ?? []))]
      .sort((a, b) => a - b)
      .flatMap((place) => ports[place] ?? []);
}

function prefixesOf(users: readonly User[]): Record<4 | 6, Set<number>> {
  const prefixes = { 4: new Set<number>(), 6: new Set<number>() };
  for (const { network } of users) {
    for (const subnet of Object.values(network.subnets).flat())
      prefixes[familyOf(subnet)].add(prefixLength(subnet));
  }
  return prefixes;
}
