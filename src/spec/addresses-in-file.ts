/** Addresses and subnets of the file with their positions. */
import { type Address, type Subnet, familyOf } from '../address/cidr.ts';
import { blockedFamilies } from './blocked.ts';
import type { Draft, DraftGateway } from './schema.ts';
import type { Path } from './tree.ts';

export interface SubnetInFile {
  readonly subnet: Subnet;
  readonly network: string;
  readonly node: string;
  readonly path: Path;
}

export interface AddressInFile {
  readonly address: Address;
  /** description: `the address of host node1` */
  readonly what: string;
  readonly host?: string;
  /** the device is known: a link-local address is allowed */
  readonly onLink?: true;
  readonly path: Path;
}

/** Redirected subnets, in the order of the file. */
export function subnetsOf(draft: Draft): SubnetInFile[] {
  return Object.entries(draft.networks ?? {}).flatMap(([network, { subnets }]) =>
    Object.entries(subnets ?? {}).flatMap(([node, list]) =>
      list.map((subnet, i) => ({ subnet, network, node, path: ['networks', network, 'subnets', node, i] })),
    ),
  );
}

/** Subnets of families that are not blocked. */
export function openSubnetsOf(draft: Draft, subnets: readonly SubnetInFile[]): SubnetInFile[] {
  return subnets.filter(({ subnet, network }) => {
    return !blockedFamilies(draft.networks?.[network] ?? {}).includes(familyOf(subnet));
  });
}

export type PoolInFile = Omit<SubnetInFile, 'network'>;

/** Subnets of pools, in the order of the file. */
export function poolsOf({ discover }: Draft): PoolInFile[] {
  return Object.entries(discover?.pools ?? {}).flatMap(([node, list]) =>
    list.map((subnet, i) => ({ subnet, node, path: ['discover', 'pools', node, i] })),
  );
}

/** Gateways that the label of a network on a node may name: those that the node is no member of. */
export function labelGatewaysOf({ discover, gateways = {} }: Draft, node?: string): string[] {
  if (!discover) return [];
  return [...new Set(discover.gateways ?? Object.keys(gateways))].filter(
    (name) =>
      Object.hasOwn(gateways, name) &&
      (node === undefined || !(gateways[name]?.members ?? []).some(({ host }) => host === node)),
  );
}

/** Addresses of hosts, in the order of the file. */
export function hostAddressesOf(draft: Draft): (AddressInFile & { host: string })[] {
  return Object.entries(draft.hosts ?? {}).flatMap(([host, list]) =>
    list.map((address, i) => ({ address, what: `the address of ${host}`, host, path: ['hosts', host, i] })),
  );
}

export function nameServersOf(draft: Draft): AddressInFile[] {
  return Object.entries(draft.networks ?? {}).flatMap(([network, { dns }]) =>
    (typeof dns === 'object' ? dns : []).map((address, i) => ({
      address,
      what: 'the name server',
      path: ['networks', network, 'dns', i],
    })),
  );
}

/** Addresses that gateways send from and to: next hops, neighbors and tunnel ends of uplinks, and `snat`. */
export function gatewayAddressesOf(draft: Draft): AddressInFile[] {
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [], snat }]) => {
    const path = ['gateways', gateway];
    const sources = typeof snat === 'object' ? snat : [];
    return [
      ...members.flatMap(({ uplink }, i) =>
        uplink ? uplinkAddressesOf(uplink, [...path, 'members', i, 'uplink']) : [],
      ),
      ...sources.map((address, i) => ({ address, what: 'the snat address', path: [...path, 'snat', i] })),
    ];
  });
}

type DraftUplink = NonNullable<NonNullable<DraftGateway['members']>[number]['uplink']>;

function uplinkAddressesOf(uplink: DraftUplink, path: Path): AddressInFile[] {
  const { via = [], routing, wireguard } = uplink;
  const endpoint = wireguard?.endpoint?.address;
  return [
    ...via.map((address, i) => ({
      address,
      what: 'the next hop',
      onLink: true as const,
      path: [...path, 'via', i],
    })),
    ...(routing?.neighbor ?? []).map((address, i) => ({
      address,
      what: 'the neighbor',
      path: [...path, 'routing', 'neighbor', i],
    })),
    ...(['gre', 'ipip'] as const).flatMap((kind) =>
      (['local', 'remote'] as const).flatMap((end) => {
        const address = uplink[kind]?.[end];
        const what = `the ${end} end of the tunnel`;
        return address === undefined ? [] : [{ address, what, path: [...path, kind, end] }];
      }),
    ),
    ...(endpoint === undefined
      ? []
      : [{ address: endpoint, what: 'the far end of the tunnel', path: [...path, 'wireguard', 'endpoint'] }]),
  ];
}
