/** Which of many subnets many addresses lie in: sorted once, so that ten thousand of both stay cheap. */
import { type Address, type Subnet, findOverlaps, subnetOfAddress } from './cidr.ts';

/** Of subnets that overlap, one of the widest; an address that lies in none is left out. */
export function subnetsAround(
  subnets: readonly Subnet[],
  addresses: readonly Address[],
): ReadonlyMap<Address, Subnet> {
  const items = [
    // First, so that one of a single address is around that address.
    ...subnets.map((subnet) => ({ subnet, address: undefined })),
    ...addresses.map((address) => ({ subnet: subnetOfAddress(address), address })),
  ];
  return new Map(
    findOverlaps(items).flatMap(([around, { address }]) =>
      around.address === undefined && address !== undefined ? [[address, around.subnet]] : [],
    ),
  );
}
