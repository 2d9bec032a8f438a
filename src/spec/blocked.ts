/** Families that a network of the file blocks. */
import type { Family } from '../address/cidr.ts';

interface Blocks {
  readonly ipv4?: 'block' | undefined;
  readonly ipv6?: 'block' | undefined;
}

export function blockedFamilies({ ipv4, ipv6 }: Blocks): Family[] {
  return [...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])];
}
