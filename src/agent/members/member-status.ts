/** State of the members of gateways, for `status`. Pure. */
import type { Family } from '../../address/cidr.ts';
import type { MemberHealth } from '../../health/health.ts';
import { lossOf, roundTripOf } from '../../health/target.ts';
import type { Outage } from '../../health/verdict.ts';
import { firstUsed, sharesOf } from './choice.ts';
import type { FailoverCounts } from './failovers.ts';
import type { Judged } from './judged.ts';
import { type TargetStatus, targetStatuses } from './target-status.ts';

/** State of a gateway's members in one family, for `status`. */
export interface GatewayHealth {
  readonly gateway: string;
  readonly family: Family;
  /** member in use; where several share the connections, the first of them */
  readonly used: string;
  /** when and why it was chosen; absent: it is the first one, and always was */
  readonly since?: string;
  readonly why?: string;
  /** no member works: networks with `when_down: direct` leave directly; absent: one works, or no network does so */
  readonly outage?: Pick<Outage, 'since' | 'why'>;
  /** changes of the members in use since the agent was started, by cause */
  readonly failovers: FailoverCounts;
  readonly members: readonly MemberStatus[];
}

export interface MemberStatus {
  readonly host: string;
  readonly state: MemberHealth['state'];
  readonly fault?: string;
  /** an operator has taken it out of use, on this node or on the member */
  readonly drained?: true;
  /** on the member: it says so itself */
  readonly drainedByItself?: true;
  /** share of the last 50 probes that were lost, over all targets: 0 to 1 */
  readonly loss?: number;
  /** mean round trip in milliseconds */
  readonly roundTrip?: number;
  /** what is probed through it; absent: nothing was probed yet */
  readonly targets?: readonly TargetStatus[];
  /** with `mode: balance`: share of new connections that it gets, 0 to 1 */
  readonly share?: number;
}

/** Whether a gateway sends anything new to a member. */
export function usesMember({ used, members }: GatewayHealth, host: string): boolean {
  const { share } = members.find((one) => one.host === host) ?? {};
  return share === undefined ? used === host : share > 0;
}

/** @param saidDrained hosts of members that say that they are drained */
export function statusOf(
  { gateway, family, choice, outage, failovers }: Judged,
  saidDrained: readonly string[],
): GatewayHealth {
  const shares = sharesOf(gateway, choice);
  const { since, why } = (choice.kind === 'one' ? choice.chosen : choice.away.at(-1)) ?? {};
  return {
    gateway: gateway.name,
    family,
    used: firstUsed(choice),
    ...(since === undefined || why === undefined ? {} : { since, why }),
    ...(outage ? { outage: { since: outage.since, why: outage.why } } : {}),
    failovers,
    members: choice.health.members.map((member) => {
      const share = shares?.get(member.host);
      return {
        ...memberStatus(member),
        ...(saidDrained.includes(member.host) ? { drainedByItself: true } : {}),
        ...(share === undefined ? {} : { share }),
      };
    }),
  };
}

function memberStatus({ host, state, fault, drained, targets }: MemberHealth): MemberStatus {
  const found = Object.values(targets);
  const trips = found.flatMap((target) => roundTripOf(target) ?? []);
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((total, number) => total + number, 0) / numbers.length;
  return {
    host,
    state,
    ...(fault === undefined ? {} : { fault }),
    ...(drained ? { drained } : {}),
    ...(found.length > 0 ? { loss: mean(found.map(lossOf)), targets: targetStatuses(targets) } : {}),
    ...(trips.length > 0 ? { roundTrip: Math.round(mean(trips) * 100) / 100 } : {}),
  };
}
