/** Special addresses and subnets, which neither a host nor a container can have. */
import { type Address, type Subnet, familyOf, prefixLength, isLinkLocal } from '../address/cidr.ts';

/** Limits: the widest private range is 10.0.0.0/8, and IPv6 blocks of providers are at most /16. */
const widest = { 4: 8, 6: 16 } as const;

export function isTooWide(subnet: Subnet): boolean {
  return prefixLength(subnet) < widest[familyOf(subnet)];
}

/** Purpose of a special range that contains the address; undefined for an ordinary address. */
export function specialRangeOf(address: Address): string | undefined {
  if (familyOf(address) === 6) {
    if (address === '::') return 'no address';
    if (address === '::1') return 'a loopback address';
    if (address.startsWith('ff')) return 'a multicast address';
    return isLinkLocal(address) ? 'a link-local address' : undefined;
  }
  const first = Number(address.split('.')[0]);
  if (first === 0) return 'no address';
  if (first === 127) return 'a loopback address';
  if (first >= 240) return 'a reserved address';
  return first >= 224 ? 'a multicast address' : undefined;
}
