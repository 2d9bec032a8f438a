/** Addresses and subnets of the file with the place that they have in it. */
import { type Address, type Subnet, familyOf } from '../address/cidr.ts';
import { blockedFamilies } from './blocked.ts';
import type { Draft } from './schema.ts';
import type { Path } from './tree.ts';

export interface PlacedSubnet {
  readonly subnet: Subnet;
  readonly network: string;
  readonly node: string;
  readonly path: Path;
}

export interface PlacedAddress {
  readonly address: Address;
  /** `the address of host node1` */
  readonly what: string;
  readonly host?: string;
  /** its device is known: a link-local address will do */
  readonly onLink?: true;
  readonly path: Path;
}

/** Redirected subnets, in the order of the file. */
export function subnetsOf(draft: Draft): PlacedSubnet[] {
  return Object.entries(draft.networks ?? {}).flatMap(([network, { subnets }]) =>
    Object.entries(subnets ?? {}).flatMap(([node, list]) =>
      list.map((subnet, i) => ({ subnet, network, node, path: ['networks', network, 'subnets', node, i] })),
    ),
  );
}

/** Those of families that go somewhere. */
export function openOnes(draft: Draft, subnets: readonly PlacedSubnet[]): PlacedSubnet[] {
  return subnets.filter(({ subnet, network }) => {
    return !blockedFamilies(draft.networks?.[network] ?? {}).includes(familyOf(subnet));
  });
}

/** Addresses of the hosts, in the order of the file. */
export function hostAddressesOf(draft: Draft): (PlacedAddress & { host: string })[] {
  return Object.entries(draft.hosts ?? {}).flatMap(([host, list]) =>
    list.map((address, i) => ({ address, what: `the address of ${host}`, host, path: ['hosts', host, i] })),
  );
}

export function nameServersOf(draft: Draft): PlacedAddress[] {
  return Object.entries(draft.networks ?? {}).flatMap(([network, { dns }]) =>
    (typeof dns === 'object' ? dns : []).map((address, i) => ({
      address,
      what: 'the name server',
      path: ['networks', network, 'dns', i],
    })),
  );
}

/** Addresses that gateways send from and to: next hops of uplinks, and `snat`. */
export function gatewayAddressesOf(draft: Draft): PlacedAddress[] {
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [], snat }]) => {
    const path = ['gateways', gateway];
    const nextHops = members.flatMap(({ uplink }, i): PlacedAddress[] => {
      return (uplink?.via ?? []).map((address, j) => ({
        address,
        what: 'the next hop',
        onLink: true,
        path: [...path, 'members', i, 'uplink', 'via', j],
      }));
    });
    const sources = typeof snat === 'object' ? snat : [];
    return [
      ...nextHops,
      ...sources.map((address, i) => ({ address, what: 'the snat address', path: [...path, 'snat', i] })),
    ];
  });
}
