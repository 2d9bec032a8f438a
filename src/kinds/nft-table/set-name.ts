/** Names of sets with the first addresses of subnets of one prefix length: `redirected4_24`, `egress4_gre1_24`. */
import { type Family, families } from '../../address/cidr.ts';

/** all redirected subnets */
export function redirectedSet(family: Family): string {
  return `redirected${family}`;
}

/** subnets with containers on this host */
export function localSet(family: Family): string {
  return `local${family}`;
}

/** packets from redirected subnets that the guard dropped */
export function droppedSet(family: Family): string {
  return `dropped${family}`;
}

/** subnets of this host's other container networks, which change without a run of ours */
export function publishedSet(family: Family): string {
  return `published${family}`;
}

/** Whether a set describes foreign networks only: each run updates it, and a difference is not drift. */
export function describesOthers(set: string): boolean {
  return set === publishedSet(4) || set === publishedSet(6);
}

/** Set that counts dropped packets from subnets of another set: redirected4_24 -> dropped4_24. */
export function droppedOf(set: string): string | undefined {
  return set.startsWith('redirected') ? set.replace('redirected', 'dropped') : undefined;
}

/**
 * Destination of the packet quoted in an ICMP error, as a raw nft expression: after the ICMP header (8 bytes), at byte
 * 16 of the IPv4 header or byte 24 of the IPv6 header.
 */
export const quotedDestination: Readonly<Record<Family, string>> = { 4: '@th,192,32', 6: '@th,256,128' };

/** Maps from the quoted destination to the chain of its gateway. */
export function quotedMap(family: Family): string {
  return `quoted${family}`;
}

/** Map from the slot of a connection to the chain of its member. */
export function slotMap(family: Family, gateway: string): string {
  return `slots${family}_${gateway}`;
}

/** Whether only the choice among the members of a gateway depends on a map. */
export function isMemberChoice(set: string): boolean {
  return /^(?:slots|kept)[46]_/.test(set);
}

/**
 * Field of a map of type integer, by its name; nft before 1.1 does not print it. A slot is a number of 32 bits in the
 * host's byte order, like the length of a packet: nft 1.0 cannot list a map that was declared with `typeof jhash`.
 */
export function integerFieldOf(set: string): string | undefined {
  if (families.some((family) => set.startsWith(slotMap(family, '')))) return 'meta length';
  const family = families.find((one) => set.startsWith(quotedMap(one)));
  return family && quotedDestination[family];
}

export function subnetSetName(name: string, length: number): string {
  return `${name}_${length}`;
}
