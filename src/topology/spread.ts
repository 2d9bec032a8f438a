/** How connections are spread over the members of a gateway, with `mode: balance` or `flows: drain`. */
import { type Address, type Family, familyOf } from '../address/cidr.ts';
import { slotOf } from '../address/connection-hash.ts';
import { slotOwners, slotSeed } from '../health/slots.ts';
import type { Verdicts } from '../health/verdict.ts';
import { failedMembers, sharingMembers } from './failover-gateways.ts';
import type { FailoverGateway, HostRole } from './role.ts';

/** Members of a gateway in one family, and the slots of their connections. */
export interface Spread {
  /** in the order of the file */
  readonly members: readonly SpreadMember[];
  /** hosts of the members: slot -> owner; one slot where one member gets all new connections */
  readonly slots: readonly string[];
}

export interface SpreadMember {
  readonly host: string;
  readonly address: Address;
  readonly weight: number;
  /** the connections that it has stay with it */
  readonly keepsConnections: boolean;
}

/**
 * @returns undefined where all connections leave by one member at any time: by the mode, or as the only one in this
 *   family
 */
export function spreadOf(
  gateway: FailoverGateway,
  family: Family,
  verdicts: Verdicts | undefined,
): Spread | undefined {
  if (!choosesPerConnection(gateway)) return undefined;
  const failed = failedMembers(gateway, family, verdicts);
  const sharing = sharingMembers(gateway, family, verdicts).map(({ host }) => host);
  const members = gateway.members.flatMap(({ host, addresses, weight = 1 }) => {
    const address = addresses.find((one) => familyOf(one) === family);
    const isUsed = sharing.length === 0 || sharing.includes(host);
    const keepsConnections = isUsed || (gateway.drainsFlows === true && !failed.includes(host));
    return address === undefined ? [] : [{ host, address, weight, keepsConnections }];
  });
  if (members.length < 2) return undefined;
  return { members, slots: gateway.balance ? slotOwners(members, sharing) : sharing };
}

/** Whether the members of a gateway can have connections at the same time. */
export function choosesPerConnection({ balance, drainsFlows }: FailoverGateway): boolean {
  return balance === true || drainsFlows === true;
}

/** Member that a new connection leaves by; undefined where connections are not spread. */
export function memberOf(
  { failover = [] }: Pick<HostRole, 'failover'>,
  gateway: string,
  [source, destination]: readonly [source: Address, destination: Address],
  verdicts: Verdicts | undefined,
): SpreadMember | undefined {
  const found = failover.find(({ name }) => name === gateway);
  const spread = found && spreadOf(found, familyOf(source), verdicts);
  const owner = spread?.slots[slotOf(source, destination, spread.slots.length, slotSeed)];
  return spread?.members.find(({ host }) => host === owner);
}
