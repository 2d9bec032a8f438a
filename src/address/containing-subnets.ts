/** Finds the subnets that contain addresses; sorts once, so that it is fast for ten thousand of each. */
import { type Address, type Subnet, findOverlaps, subnetOfAddress } from './cidr.ts';

/** Returns one of the widest of overlapping subnets; an address outside all subnets is omitted. */
export function containingSubnets(
  subnets: readonly Subnet[],
  addresses: readonly Address[],
): ReadonlyMap<Address, Subnet> {
  const items = [
    // Subnets come first, so that a subnet of a single address contains that address.
    ...subnets.map((subnet) => ({ subnet, address: undefined })),
    ...addresses.map((address) => ({ subnet: subnetOfAddress(address), address })),
  ];
  return new Map(
    findOverlaps(items).flatMap(([outer, { address }]) =>
      outer.address === undefined && address !== undefined ? [[address, outer.subnet]] : [],
    ),
  );
}
