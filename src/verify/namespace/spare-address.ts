/** Addresses of a network that no container is known to use. */
import {
  type Address,
  type Subnet,
  addressesFromTop,
  contains,
  narrower,
  withoutHostBits,
} from '../../address/cidr.ts';
import type { Facts, Link } from '../../state/facts.ts';

/** Engines assign the first addresses; three candidates are enough to avoid a neighbour or another run. */
const candidateCount = 3;

/** Connected subnet of a bridge, and the bridge's address in it. */
export interface BridgeSubnet {
  readonly subnet: Subnet;
  readonly bridgeAddress: Address;
}

/**
 * Connected subnet of a bridge inside a subnet of the file. A bridge may have a longer prefix: the kernel refuses
 * packets from the rest of the subnet.
 */
export function bridgeSubnetIn(
  { addresses }: Pick<Link, 'addresses'>,
  subnet: Subnet,
): BridgeSubnet | undefined {
  for (const prefix of addresses) {
    const [bridgeAddress = ''] = prefix.split('/');
    if (contains(subnet, bridgeAddress))
      return { subnet: narrower(subnet, withoutHostBits(prefix)), bridgeAddress };
  }
  return undefined;
}

/** Last addresses of a subnet that neither a container nor this host is known to use. */
export function candidateAddresses(subnet: Subnet, facts: Facts, network: string): Address[] {
  const used = new Set([
    ...facts.networks
      .filter(({ name }) => name === network)
      .flatMap(({ attached }) => attached.flatMap(({ addresses }) => addresses ?? [])),
    ...facts.links.flatMap(({ addresses }) => addresses.map((address) => address.split('/')[0] ?? '')),
  ]);
  const found: Address[] = [];
  for (const address of addressesFromTop(subnet)) {
    if (found.length === candidateCount) break;
    if (contains(subnet, address) && !used.has(address)) found.push(address);
  }
  return found;
}
