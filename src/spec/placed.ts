/** Addresses and subnets of the file with the place that they have in it. */
import type { Address, Subnet } from '../address/cidr.ts';
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

/** Addresses of the hosts, in the order of the file. */
export function hostAddressesOf(draft: Draft): (PlacedAddress & { host: string })[] {
  return Object.entries(draft.hosts ?? {}).flatMap(([host, list]) =>
    list.map((address, i) => ({ address, what: `the address of ${host}`, host, path: ['hosts', host, i] })),
  );
}

/** Addresses that gateways send from and to: next hops of uplinks, and `snat`. */
export function gatewayAddressesOf(draft: Draft): PlacedAddress[] {
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [], snat }]) => {
    const path = ['gateways', gateway];
    const nextHops = members.flatMap(({ uplink }, i): PlacedAddress[] => {
      if (uplink?.via === undefined) return [];
      return [{ address: uplink.via, what: 'the next hop', path: [...path, 'members', i, 'uplink', 'via'] }];
    });
    if (snat === undefined || snat === 'masquerade' || snat === 'none') return nextHops;
    return [...nextHops, { address: snat, what: 'the snat address', path: [...path, 'snat'] }];
  });
}
