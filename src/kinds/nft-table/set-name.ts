/** Names of sets that hold subnets of one prefix length by their first addresses: `redirected4_24`, `egress4_gre1_24`. */
import type { Address, Family, Subnet } from '../../address/cidr.ts';

const named = /^(?:redirected|steer|bridged|own|dropped|egress|routed|served|closing)[46]_(?:.+_)?(\d{1,3})$/;

/** all subnets that are redirected, whatever becomes of their packets */
export function redirectedSet(family: Family): string {
  return `redirected${family}`;
}

/** what the guard stopped of them */
export function droppedSet(family: Family): string {
  return `dropped${family}`;
}

/** subnets of this host's container networks that are not redirected: they come and go with others' networks */
export function publishedSet(family: Family): string {
  return `published${family}`;
}

/** Whether a set only tells what others have: it is brought up to date by every run, and is no drift. */
export function tellsOfOthers(set: string): boolean {
  return set === publishedSet(4) || set === publishedSet(6);
}

/** The set that counts dropped packets of the subnets of another set: redirected4_24 -> dropped4_24. */
export function droppedOf(set: string): string | undefined {
  return set.startsWith('redirected') ? set.replace('redirected', 'dropped') : undefined;
}

export function countsDropped(set: string): boolean {
  return set.startsWith('dropped');
}

/**
 * Where an ICMP error holds the destination of the packet that it is about, as nft names a field without a name: behind the
 * header of ICMP (8 bytes), at byte 16 of a header of IPv4 and at byte 24 of one of IPv6.
 */
export const quotedDestination: Readonly<Record<Family, string>> = { 4: '@th,192,32', 6: '@th,256,128' };

/** The maps that lead from that destination to the chain of its gateway. */
export function quotedMap(family: Family): string {
  return `quoted${family}`;
}

/** The raw field that a map of type integer holds, by its name; nft does not tell it before 1.1. */
export function quotedFieldOf(set: string): string | undefined {
  const [, family] = /^quoted([46])_/.exec(set) ?? [];
  return family === undefined ? undefined : quotedDestination[family === '4' ? 4 : 6];
}

export function subnetSetName(name: string, length: number): string {
  return `${name}_${length}`;
}

/** The subnet that an element of such a set, or of any other one, stands for. */
export function subnetOfElement(set: string, element: Subnet | Address): Subnet | Address {
  const length = named.exec(set)?.[1];
  return length === undefined || element.includes('/') ? element : `${element}/${length}`;
}
