/** Connections that stay with a member which gets no new ones, with `flows: drain`. */
import type { Family } from '../address/cidr.ts';
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
  { failover = [] }: Pick<HostRole, 'failover'>,
  { members = {} }: Desired['numbers'],
  unused: readonly UnusedMembers[],
  exec: Exec,
): Promise<KeptConnections[]> {
  const draining = new Set(failover.filter(({ drainsFlows }) => drainsFlows).map(({ name }) => name));
  const found: KeptConnections[] = [];
  for (const { gateway, family, hosts } of unused) {
    for (const member of hosts) {
      const { mark } = members[member] ?? {};
      if (mark === undefined || !draining.has(gateway)) continue;
      const connections = await countConnections(exec, family, { value: mark, mask: memberMarks });
      if (connections > 0) found.push({ gateway, family, member, connections });
    }
  }
  return found;
}
