/** How connections are spread over the members of a gateway with `mode: balance`. */
import { type Address, type Family, familyOf } from '../address/cidr.ts';
import { slotOf } from '../address/connection-hash.ts';
import { slotCount, slotOwners, slotSeed } from '../health/slots.ts';
import type { Verdicts } from '../health/verdict.ts';
import { sharingMembers } from './failover-gateways.ts';
import type { FailoverGateway, HostRole } from './role.ts';

/** Members of a gateway in one family, and the slots of their connections. */
export interface Spread {
  /** in the order of the file */
  readonly members: readonly SpreadMember[];
  /** hosts of the members: slot -> owner */
  readonly slots: readonly string[];
}

export interface SpreadMember {
  readonly host: string;
  readonly address: Address;
  readonly weight: number;
  /** it gets new connections */
  readonly isUsed: boolean;
}

/** @returns undefined where one member has all connections: by the mode, or as the only one in this family */
export function spreadOf(
  gateway: FailoverGateway,
  family: Family,
  verdicts: Verdicts | undefined,
): Spread | undefined {
  if (!gateway.balance) return undefined;
  const sharing = sharingMembers(gateway, family, verdicts).map(({ host }) => host);
  const members = gateway.members.flatMap(({ host, addresses, weight = 1 }) => {
    const address = addresses.find((one) => familyOf(one) === family);
    const isUsed = sharing.length === 0 || sharing.includes(host);
    return address === undefined ? [] : [{ host, address, weight, isUsed }];
  });
  return members.length < 2 ? undefined : { members, slots: slotOwners(members, sharing) };
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
  const owner = spread?.slots[slotOf(source, destination, slotCount, slotSeed)];
  return spread?.members.find(({ host }) => host === owner);
}
