/** Target addresses for probe packets that no host has. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  families,
  familyOf,
  prefixLength,
  withoutHostBits,
} from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';

/** Family of a packet, and the device by which it leaves. */
interface Outgoing {
  readonly family: Family;
  readonly outer: { readonly device: string };
}

/** Prefixes for documentation (RFC 5737, 3849 and 9637), which no host has. */
const documentation: Readonly<Record<Family, readonly string[]>> = {
  4: ['192.0.2.', '198.51.100.', '203.0.113.'],
  6: ['2001:db8::', '3fff::', '2001:db8:ffff::'],
};
const addressesEach = 40;

/** One target for each family and outgoing device: it tells replies of different devices apart. */
export function targetsFor(chosen: readonly Outgoing[], role: HostRole, facts: Facts): Map<string, Address> {
  const avoid = subnetsInUse(role, facts);
  const free = new Map(families.map((family) => [family, freeTargets(family, avoid)]));
  const found = new Map<string, Address>();
  for (const one of chosen) {
    const key = targetKey(one);
    const next = found.has(key) ? undefined : free.get(one.family)?.next().value;
    if (next !== undefined) found.set(key, next);
  }
  return found;
}

export function targetKey({ family, outer }: Outgoing): string {
  return `${family} ${outer.device}`;
}

function* freeTargets(family: Family, avoid: readonly Subnet[]): Generator<Address, undefined> {
  for (const prefix of documentation[family]) {
    for (let number = 1; number <= addressesEach; number += 1) {
      const address = `${prefix}${family === 4 ? number : number.toString(16)}`;
      if (!avoid.some((subnet) => familyOf(subnet) === family && contains(subnet, address))) yield address;
    }
  }
  return undefined;
}

/** Subnets that are in use: redirected, direct and served ones, and those of routes and links. */
function subnetsInUse({ networks, gateways }: HostRole, { links, foreignRoutes }: Facts): Subnet[] {
  return [
    ...networks.flatMap(({ subnets, direct }) => [...subnets, ...direct]),
    ...networks.flatMap(({ routes }) =>
      families.flatMap((family) => routes?.selectors[family].flatMap(({ to }) => to ?? []) ?? []),
    ),
    ...gateways.flatMap(({ served }) => served.map(({ subnet }) => subnet)),
    // A VPN may have two halves of the address space in main: redirected packets do not use them.
    ...foreignRoutes.map(({ destination }) => destination).filter((one) => prefixLength(one) >= 8),
    ...links.flatMap(({ addresses, peers = [] }) => [...addresses, ...peers].map(withoutHostBits)),
  ];
}
