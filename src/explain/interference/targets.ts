/** Addresses that nobody has, for packets to go to. */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  families,
  familyOf,
  prefixLength,
  subnetAround,
} from '../../address/cidr.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';

/** What a packet is, and the device that it leaves by. */
interface Outgoing {
  readonly family: Family;
  readonly outer: { readonly device: string };
}

/** RFC 5737, 3849 and 9637: for documentation, so that nobody has them. */
const documentation: Readonly<Record<Family, readonly string[]>> = {
  4: ['192.0.2.', '198.51.100.', '203.0.113.'],
  6: ['2001:db8::', '3fff::', '2001:db8:ffff::'],
};
const addressesEach = 40;

/** One for each family and device to the outside: answers are told by it where they come in. */
export function targetsFor(chosen: readonly Outgoing[], role: HostRole, facts: Facts): Map<string, Address> {
  const avoid = takenSubnets(role, facts);
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

/** All that is near: what is direct, what routes are about, what a link or a route of main leads to. */
function takenSubnets({ networks, gateways }: HostRole, { links, foreignRoutes }: Facts): Subnet[] {
  return [
    ...networks.flatMap(({ subnets, direct }) => [...subnets, ...direct]),
    ...networks.flatMap(({ routes }) =>
      families.flatMap((family) => routes?.selectors[family].flatMap(({ to }) => to ?? []) ?? []),
    ),
    ...gateways.flatMap(({ served }) => served.map(({ subnet }) => subnet)),
    // A VPN may have halves of the whole in main: what is redirected does not go by them.
    ...foreignRoutes.map(({ destination }) => destination).filter((one) => prefixLength(one) >= 8),
    ...links.flatMap(subnetsOfLink),
  ];
}

function subnetsOfLink({ addresses, peers = [] }: Link): Subnet[] {
  return [...addresses, ...peers].map(subnetAround);
}
