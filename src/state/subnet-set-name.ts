/** Names of sets that hold subnets of one prefix length by their first addresses: `redirected4_24`, `sent4_gre1_24`. */
import type { Address, Family, Subnet } from '../address/cidr.ts';

const named = /^(?:redirected|steer|stopped|sent|routed|served)[46]_(?:.+_)?(\d{1,3})$/;

/** all subnets that are redirected, whatever becomes of their packets */
export function redirectedSet(family: Family): string {
  return `redirected${family}`;
}

/** what the guard stopped of them */
export function stoppedSet(family: Family): string {
  return `stopped${family}`;
}

/** The set that counts what was stopped of the subnets of another: redirected4_24 -> stopped4_24. */
export function stoppedOf(set: string): string | undefined {
  return set.startsWith('redirected') ? set.replace('redirected', 'stopped') : undefined;
}

export function countsStopped(set: string): boolean {
  return set.startsWith('stopped');
}

export function subnetSetName(name: string, length: number): string {
  return `${name}_${length}`;
}

/** The subnet that an element of such a set, or of any other one, stands for. */
export function subnetOfElement(set: string, element: Subnet | Address): Subnet | Address {
  const length = named.exec(set)?.[1];
  return length === undefined || element.includes('/') ? element : `${element}/${length}`;
}
