/**
 * Gateways with `mode: balance` or `flows: drain`: connections are spread over tables of their members. The nft table
 * chooses a member for the first packet of a connection, and remembers it in the connection's mark; `nft/balance.ts` has
 * these chains.
 */
import type { Family } from '../../address/cidr.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { preferences } from '../../kinds/ownership.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import { choosesPerConnection, spreadOf } from '../../topology/spread.ts';
import { type Numbers, memberMarks } from '../allocate/numbers.ts';
import type { Balance, BalancedMember, Redirect } from '../redirect.ts';
import { type ReasonedRule, withReason } from './reasoned-rule.ts';

export type Balances = (gateway: string, family: Family) => Balance | undefined;

export function balancesOf(
  { failover = [] }: Pick<HostRole, 'failover'>,
  numbers: Numbers,
  verdicts: Verdicts | undefined,
): Balances {
  const known = new Map(
    failover.flatMap((one) => (choosesPerConnection(one) ? [[one.name, one] as const] : [])),
  );
  return (name, family) => {
    const gateway = known.get(name);
    return gateway && balanceOf(gateway, family, numbers, verdicts);
  };
}

function balanceOf(
  gateway: FailoverGateway,
  family: Family,
  numbers: Numbers,
  verdicts: Verdicts | undefined,
): Balance | undefined {
  const spread = spreadOf(gateway, family, verdicts);
  if (!spread) return undefined;
  const members = spread.members.flatMap((member) => {
    const kept = numbers.members?.[member.host];
    return kept ? [{ ...member, ...kept }] : [];
  });
  // Without a number for each of them, the run is refused.
  return members.length < spread.members.length
    ? undefined
    : { gateway: gateway.name, members, slots: spread.slots };
}

/** Each gateway once, although several networks may use it. */
export function balancesIn(redirects: readonly Redirect[]): Balance[] {
  const found = redirects.flatMap(({ steer }) => steer?.balance ?? []);
  return [...new Map(found.map((balance) => [balance.gateway, balance])).values()];
}

/** Each member once, although it may be one of several gateways. */
export function balancedMembers(redirects: readonly Redirect[]): BalancedMember[] {
  const found = balancesIn(redirects).flatMap(({ members }) => members);
  return [...new Map(found.map((member) => [member.host, member])).values()];
}

/** Mark bits of packets that leave by a member. */
export function memberBits({ mark }: Pick<BalancedMember, 'mark'>, { ownerBit = 0 }: Numbers): number {
  return (mark | ownerBit) >>> 0;
}

/** Packets with a member's mark look up its table. Those that bypass the gateway keep the host's routing. */
export function memberRules(redirects: readonly Redirect[], numbers: Numbers): ReasonedRule[] {
  return balancedMembers(redirects).map((member) =>
    withReason(
      {
        preference: preferences.member,
        fwmark: markOf(member, numbers),
        action: { kind: 'lookup', table: member.table },
      },
      `connections that leave by member ${member.host}`,
    ),
  );
}

/** Where a mark steers, no rule by source catches packets that the table of a member has no route for. */
export function closedMemberRules(redirects: readonly Redirect[], numbers: Numbers): ReasonedRule[] {
  return balancedMembers(redirects).map((member) =>
    withReason(
      { preference: preferences.closed, fwmark: markOf(member, numbers), action: { kind: 'prohibit' } },
      `block packets that the table of member ${member.host} has no route for`,
    ),
  );
}

/** The checked bit is on packets from redirected networks only, and the owner bit on no probe. */
function markOf(member: BalancedMember, numbers: Numbers): { value: number; mask: number } {
  const { bypassBit = 0, checkedBit = 0, ownerBit = 0 } = numbers;
  return {
    value: (memberBits(member, numbers) | checkedBit) >>> 0,
    mask: (memberMarks | bypassBit | checkedBit | ownerBit) >>> 0,
  };
}
