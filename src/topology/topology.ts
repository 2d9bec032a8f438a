/** Roles of all hosts in the file. */
import type { Subnet } from '../address/cidr.ts';
import type { Spec } from '../spec/spec.ts';
import { type IndexedSpec, indexSpec } from './indexed-spec.ts';
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
  return { roleOf: (host) => roleIn(indexed, host) };
}

function roleIn(spec: IndexedSpec, host: string): HostRole {
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
  };
}

function findUnservedSubnets({ membershipsAt, subnets }: IndexedSpec, host: string): Subnet[] {
  const memberships = membershipsAt.get(host);
  if (!memberships) return [];
  const served = new Set(memberships.flatMap(({ gateway }) => gateway.networks));
  return subnets
    .filter(({ network, node, blocked }) => node !== host && (blocked || !served.has(network)))
    .map(({ subnet }) => subnet);
}

/** Role of one host. For many hosts, call `topologyOf` once. */
export function hostRole(spec: Spec, host: string): HostRole {
  return topologyOf(spec).roleOf(host);
}
