/** Selects addresses, subnets and networks by family. */
import { type Address, type Family, familyOf } from '../address/cidr.ts';
import type { NodeNetwork } from '../topology/role.ts';

/** Whether the file redirects a family of a network. All other families are blocked. */
export function isOpen(
  { subnets, blocked }: Pick<NodeNetwork, 'subnets' | 'blocked'>,
  family: Family,
): boolean {
  return !blocked.includes(family) && ofFamily(subnets, family).length > 0;
}

export function ofFamily(addressesOrSubnets: readonly string[], family: Family): string[] {
  return addressesOrSubnets.filter((one) => familyOf(one) === family);
}

/** `10.89.4.1/24` -> `10.89.4.1` */
export function addressOf(prefix: string): Address {
  return prefix.split('/')[0] ?? '';
}
