/** The parts of all hosts of the file. */
import type { Subnet } from '../address/cidr.ts';
import type { Spec } from '../spec/spec.ts';
import { type IndexedSpec, indexSpec } from './indexed-spec.ts';
import { memberGateways } from './member-gateways.ts';
import { nodeNetworks } from './node-networks.ts';
import type { HostRole } from './role.ts';

export interface Topology {
  readonly roleOf: (host: string) => HostRole;
}

export function topologyOf(spec: Spec): Topology {
  const indexed = indexSpec(spec);
  return { roleOf: (host) => roleIn(indexed, host) };
}

function roleIn(spec: IndexedSpec, host: string): HostRole {
  const others = otherSubnets(spec, host);
  return {
    host,
    addresses: spec.hosts[host] ?? [],
    networks: nodeNetworks(spec, host),
    gateways: memberGateways(spec, host),
    ...(others.length > 0 ? { others } : {}),
  };
}

function otherSubnets({ membershipsAt, subnets }: IndexedSpec, host: string): Subnet[] {
  const memberships = membershipsAt.get(host);
  if (!memberships) return [];
  const served = new Set(memberships.flatMap(({ gateway }) => gateway.users));
  return subnets
    .filter(({ of, node, blocked }) => node !== host && (blocked || !served.has(of)))
    .map(({ subnet }) => subnet);
}

/** Of one host. Who wants those of many asks `topologyOf` once. */
export function hostRole(spec: Spec, host: string): HostRole {
  return topologyOf(spec).roleOf(host);
}
