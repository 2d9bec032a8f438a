/** Addresses of a network that no container is known to have. */
import { type Address, type Subnet, addressesFromTop, contains } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';

/** Engines hand out the first addresses; three are enough to step around a neighbour or another run. */
const candidateCount = 3;

/** The last addresses of a subnet that neither a container nor this host is known to have. */
export function candidateAddresses(subnet: Subnet, facts: Facts, network: string): Address[] {
  const taken = new Set([
    ...facts.networks
      .filter(({ name }) => name === network)
      .flatMap(({ attached }) => attached.flatMap(({ addresses }) => addresses ?? [])),
    ...facts.links.flatMap(({ addresses }) => addresses.map((address) => address.split('/')[0] ?? '')),
  ]);
  const found: Address[] = [];
  for (const address of addressesFromTop(subnet)) {
    if (found.length === candidateCount) break;
    if (contains(subnet, address) && !taken.has(address)) found.push(address);
  }
  return found;
}
