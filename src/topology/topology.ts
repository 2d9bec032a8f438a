/** Roles of all hosts in the file. */
import type { Subnet } from '../address/cidr.ts';
import type { Spec } from '../spec/spec.ts';
import { type IndexedSpec, indexSpec } from './indexed-spec.ts';
import {
  type Discovered,
  type LabelledNetwork,
  type LabelReport,
  asNetwork,
  discoverNetworks,
  noneDiscovered,
} from './discovered-networks.ts';
import { failoverGateways } from './failover-gateways.ts';
import { memberGateways } from './member-gateways.ts';
import { nodeNetworks } from './node-networks.ts';
import { routedGateways } from './routed-gateways.ts';
import type { HostRole } from './role.ts';

export interface Topology {
  readonly roleOf: (host: string) => HostRole;
}

export function topologyOf(spec: Spec): Topology {
  const indexed = indexSpec(spec);
  return { roleOf: (host) => roleIn(indexed, host, noneDiscovered) };
}

function roleIn(spec: IndexedSpec, host: string, { reports }: Discovered): HostRole {
  const pool = spec.pools.find(({ node }) => node === host);
  const unservedSubnets = findUnservedSubnets(spec, host);
  const gateways = memberGateways(spec, host);
  const routed = routedGateways(spec, host, gateways);
  const failover = failoverGateways(spec, host);
  return {
    host,
    addresses: spec.hosts[host] ?? [],
    networks: nodeNetworks(spec, host),
    gateways,
    ...(routed.length > 0 ? { routed } : {}),
    ...(failover.length > 0 ? { failover } : {}),
    ...(unservedSubnets.length > 0 ? { unservedSubnets } : {}),
    ...(pool ? { pool: { ...pool, reports } } : {}),
  };
}

function findUnservedSubnets({ membershipsAt, subnets, pools }: IndexedSpec, host: string): Subnet[] {
  const memberships = membershipsAt.get(host);
  if (!memberships) return [];
  const served = new Set(memberships.flatMap(({ gateway }) => gateway.networks));
  const here = new Set(memberships.map(({ name }) => name));
  return [
    ...subnets
      .filter(({ network, node, blocked }) => node !== host && (blocked || !served.has(network)))
      .map(({ subnet }) => subnet),
    ...pools
      .filter(({ node, gateways }) => node !== host && !gateways.some((name) => here.has(name)))
      .flatMap((pool) => pool.subnets),
  ];
}

/** Role of one host. For many hosts, call `topologyOf` once. */
export function hostRole(spec: Spec, host: string, discovered: Discovered = noneDiscovered): HostRole {
  const more = discovered.networks.map((one) => [one.name, asNetwork(one, host)] as const);
  return roleIn(indexSpec(spec, more), host, discovered);
}

/** How labels change the role of a host. */
export interface Discovery {
  /**
   * The role with the networks that labels redirect. Gives the same object while nothing changes.
   *
   * @param more reports about labels that could not be read
   */
  readonly roleWith: (labelled: readonly LabelledNetwork[], more?: readonly LabelReport[]) => HostRole;
}

/** @returns undefined when labels redirect no network of this host */
export function discoveryOf(spec: Spec, host: string): Discovery | undefined {
  if (!spec.discover || !Object.hasOwn(spec.discover.pools, host)) return undefined;
  let last: { readonly key: string; readonly role: HostRole } | undefined;
  return {
    roleWith: (labelled, more = []) => {
      const { networks, reports } = discoverNetworks(spec, host, labelled);
      const discovered = { networks, reports: [...reports, ...more] };
      const key = JSON.stringify(discovered);
      // A file may have ten thousand networks.
      if (last?.key !== key) last = { key, role: hostRole(spec, host, discovered) };
      return last.role;
    },
  };
}
