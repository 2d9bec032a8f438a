/** Names of sets that hold subnets of one prefix length by their first addresses: `redirected4_24`, `sent4_gre1_24`. */
import type { Address, Subnet } from '../address/cidr.ts';

const named = /^(?:redirected|steer|stopped|sent|routed|served)[46]_(?:.+_)?(\d{1,3})$/;

export function subnetSetName(name: string, length: number): string {
  return `${name}_${length}`;
}

/** The subnet that an element of such a set, or of any other one, stands for. */
export function subnetOfElement(set: string, element: Subnet | Address): Subnet | Address {
  const length = named.exec(set)?.[1];
  return length === undefined || element.includes('/') ? element : `${element}/${length}`;
}
