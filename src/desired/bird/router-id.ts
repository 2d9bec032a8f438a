/** Router id of a host: any number that no other host has. */
import { type Address, familyOf } from '../../address/cidr.ts';
import { fnv } from './names.ts';

/** An IPv4 address of the host, or a digest of its name. */
export function routerId(host: string, addresses: readonly Address[]): string {
  const address = addresses.find((one) => familyOf(one) === 4);
  if (address !== undefined) return address;
  // 0.0.0.0 is no router id.
  const hash = fnv(host) | 1;
  return [24, 16, 8, 0].map((shift) => (hash >>> shift) & 0xff).join('.');
}
