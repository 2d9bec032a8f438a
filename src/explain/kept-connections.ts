/** Connections that stay with a member which gets no new ones, with `flows: drain`. */
import { type Family, familyOf } from '../address/cidr.ts';
import { memberMarks } from '../desired/allocate/numbers.ts';
import type { Desired } from '../desired/desired.ts';
import { countConnections } from '../host/conntrack/count.ts';
import type { Exec } from '../host/ports.ts';
import type { HostRole } from '../topology/role.ts';

export interface KeptConnections {
  readonly gateway: string;
  readonly family: Family;
  readonly member: string;
  /** entries of conntrack */
  readonly connections: number;
}

/** A gateway in one family, and its members that get nothing new. */
export interface UnusedMembers {
  readonly gateway: string;
  readonly family: Family;
  readonly hosts: readonly string[];
}

export async function keptConnections(
  { failover = [], networks }: Pick<HostRole, 'failover' | 'networks'>,
  { members = {} }: Desired['numbers'],
  unused: readonly UnusedMembers[],
  exec: Exec,
): Promise<KeptConnections[]> {
  const draining = new Set(failover.filter(({ drainsFlows }) => drainsFlows).map(({ name }) => name));
  const found: KeptConnections[] = [];
  for (const { gateway, family, hosts } of unused) {
    // A member may be one of several gateways, with one mark.
    const from = networks
      .filter((network) => network.gateway === gateway)
      .flatMap(({ subnets }) => subnets.filter((subnet) => familyOf(subnet) === family));
    for (const member of hosts) {
      const { mark } = members[member] ?? {};
      if (mark === undefined || !draining.has(gateway)) continue;
      const connections = await countConnections(exec, family, { value: mark, mask: memberMarks }, from);
      if (connections > 0) found.push({ gateway, family, member, connections });
    }
  }
  return found;
}
