/**
 * State machine of a gateway with `mode: balance`, in one family: samples in, the members that share its connections
 * out. Members are judged as those of a gateway that uses one of them; see `health.ts`.
 */
import {
  type HealthEvent,
  type MemberHealth,
  type MembersHealth,
  answersNow,
  faultText,
  freshMembers,
  isUsable,
  learnOfMembers,
  mayReturn,
  withOutage,
} from './health.ts';
import type { Policy } from './policy.ts';

export interface Shares extends MembersHealth {
  /** hosts of members that get no new connections, and why; never all of them */
  readonly away: readonly AwayMember[];
}

export interface AwayMember {
  readonly host: string;
  readonly why: string;
}

/**
 * @param away members that were out of use until now: an agent that is started again goes on with it
 * @param outage of all members, until now
 */
export function freshShares(
  policy: Policy,
  hosts: readonly string[],
  away: readonly AwayMember[] = [],
  outage?: string,
): Shares {
  const known = away.filter(({ host }) => hosts.includes(host));
  return { ...freshMembers(policy, hosts, outage), away: known.length < hosts.length ? known : [] };
}

/** @param events of one moment: members that share a link fail together, and none of them is better */
export function learnShares(shares: Shares, ...events: readonly HealthEvent[]): Shares {
  const time = events[0]?.time ?? 0;
  const told = { ...shares, members: learnOfMembers(shares, events) };
  return withOutage({ ...told, away: chooseAway(told, time) }, time);
}

/**
 * A member that fails leaves at once, if another one answers at that moment: an outage of all changes nothing. It comes
 * back when it has worked for `failback`, or at once when none of those in use works.
 */
function chooseAway({ policy, members, away }: Shares, time: number): readonly AwayMember[] {
  const isAway = (host: string): boolean => away.some((one) => one.host === host);
  const inUse = members.filter(({ host }) => !isAway(host));
  const kept = inUse.filter(isUsable);
  const back = members.filter((one) => isAway(one.host) && mayReturn(one, policy, time));
  const working = [...kept, ...back];
  const sharing = working.length > 0 ? working : substitutes(members);
  // Those that fail stay in use until another one can take over.
  const next = sharing.some(canTakeOver) ? sharing : [...inUse, ...back];
  return members
    .filter((one) => !next.includes(one))
    .map((one) => away.find(({ host }) => host === one.host) ?? awayNow(one));
}

function awayNow(member: MemberHealth): AwayMember {
  return { host: member.host, why: faultText(member.host, member) };
}

/** The latest probe was answered, or nothing is known that speaks against it. */
function canTakeOver(member: MemberHealth): boolean {
  return isUsable(member) && (answersNow(member) || member.state === 'unknown');
}

/** Members that are out of use, and answer already. */
function substitutes(members: readonly MemberHealth[]): MemberHealth[] {
  return members.filter((one) => isUsable(one) && answersNow(one));
}
