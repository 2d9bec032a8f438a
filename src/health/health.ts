/**
 * State machine of the members of one gateway in one family: samples in, the member to use out. It has no clock: every
 * event has its time, in milliseconds of any clock that never goes back.
 */
import type { Policy } from './policy.ts';
import { type Target, countSample, freshTarget } from './target.ts';

/** Something that was learned about a member. */
export type HealthEvent = { readonly time: number } & (
  | {
      readonly kind: 'sample';
      readonly member: string;
      readonly target: string;
      /** milliseconds; absent: the probe was lost */
      readonly roundTrip?: number;
      /** the member itself says that it has no way to the target, such as a route by its uplink */
      readonly refused?: true;
    }
  /** the link to it; `fault` absent: nothing is wrong */
  | {
      readonly kind: 'signal';
      readonly member: string;
      readonly from: 'link';
      readonly fault?: string;
    }
  /** an operator takes it out of use, or gives it back */
  | { readonly kind: 'drain'; readonly member: string; readonly on: boolean }
  /** time passes */
  | { readonly kind: 'tick' }
);

/** What is known of the members of a gateway. */
export interface MembersHealth {
  readonly policy: Policy;
  /** most preferred first */
  readonly members: readonly MemberHealth[];
  /** no member works, and why; absent: one does, or it is not known */
  readonly outage?: string;
  /** when the last outage began or ended; absent: never */
  readonly outageSince?: number;
  /** a member has worked since the beginning */
  readonly hasWorked: boolean;
}

export interface Health extends MembersHealth {
  /** member in use */
  readonly used: string;
  /** when it was chosen; absent: since the beginning */
  readonly usedSince?: number;
  /** why the last change was made */
  readonly why?: string;
}

export interface MemberHealth {
  readonly host: string;
  /** unknown until something was learned: counts as working while no other member is known to work */
  readonly state: 'unknown' | 'up' | 'down';
  /** time of the last change of state; absent: none */
  readonly since?: number;
  /** why it is down */
  readonly fault?: string;
  readonly targets: Readonly<Record<string, Target>>;
  readonly signals: Readonly<Partial<Record<'link', string>>>;
  readonly drained: boolean;
}

/**
 * @param used member in use until now, if any: an agent that is started again goes on with it
 * @param outage of all members, until now
 */
export function freshHealth(
  policy: Policy,
  hosts: readonly string[],
  used = hosts[0] ?? '',
  outage?: string,
): Health {
  return { ...freshMembers(policy, hosts, outage), used };
}

/** Members that nothing is known of. */
export function freshMembers(policy: Policy, hosts: readonly string[], outage?: string): MembersHealth {
  return {
    policy,
    ...(outage === undefined ? {} : { outage }),
    hasWorked: false,
    members: hosts.map((host) => ({ host, state: 'unknown', targets: {}, signals: {}, drained: false })),
  };
}

/** Milliseconds between two changes of the member in use: a member that has failed needs them to count as working. */
export function holdTime({ interval, rise }: Policy): number {
  return Math.max(1000, interval * rise);
}

/** @param events of one moment: members that share a link fail together, and none of them is better */
export function learn(health: Health, ...events: readonly HealthEvent[]): Health {
  const time = events[0]?.time ?? 0;
  return withOutage(choose({ ...health, members: learnOfMembers(health, events) }, time), time);
}

/** The members after some events of one moment, each with its state. */
export function learnOfMembers(
  { members, policy }: Pick<Health, 'members' | 'policy'>,
  events: readonly HealthEvent[],
): MemberHealth[] {
  const told = members.map((member) =>
    events.reduce(
      (now, event) =>
        event.kind !== 'tick' && event.member === now.host ? withEvent(now, event, policy) : now,
      member,
    ),
  );
  return told.map((member) => judged(member, told, events[0]?.time ?? 0));
}

/** At boot, links come up late: milliseconds for the first member to work. */
const longestStart = 30_000;

/**
 * The time at which no member will have worked for long enough to be an outage, unless one works before; undefined: one
 * may work, or it is an outage already.
 */
export function outageDue({
  members,
  outage,
  outageSince = -Infinity,
  hasWorked,
  policy,
}: MembersHealth): number | undefined {
  if (outage !== undefined || members.length === 0 || members.some(({ state }) => state !== 'down'))
    return undefined;
  const hold = holdTime(policy);
  const lastDown = Math.max(...members.map(({ since = -Infinity }) => since));
  return Math.max(lastDown + (hasWorked ? hold : Math.max(hold, longestStart)), outageSince + hold);
}

/** An outage ends when a member works, not when nothing is known of any, as after a start. */
export function withOutage<Known extends MembersHealth>(health: Known, time: number): Known {
  const works = health.members.some(({ state }) => state === 'up');
  const next = works && !health.hasWorked ? { ...health, hasWorked: true } : health;
  const due = outageDue(next);
  if (due !== undefined && time >= due) {
    const faults = next.members.map(({ host, fault }) => `${host}: ${fault}`);
    return { ...next, outage: `no member works: ${faults.join('; ')}`, outageSince: time };
  }
  const { outage, outageSince = -Infinity, ...rest } = next;
  if (outage === undefined || !works || time - outageSince < holdTime(next.policy)) return next;
  return { ...rest, outageSince: time } as Known;
}

function withEvent(
  member: MemberHealth,
  event: Exclude<HealthEvent, { readonly kind: 'tick' }>,
  policy: Policy,
): MemberHealth {
  switch (event.kind) {
    case 'sample': {
      const { target } = event;
      const before = member.targets[target] ?? freshTarget;
      return { ...member, targets: { ...member.targets, [target]: countSample(before, event, policy) } };
    }
    case 'signal': {
      const { [event.from]: _, ...others } = member.signals;
      const { fault } = event;
      if (fault !== undefined) return { ...member, signals: { ...others, [event.from]: fault } };
      // Answers from before the fault do not show that the member works after it.
      return { ...member, signals: others, ...(event.from in member.signals ? { targets: {} } : {}) };
    }
    case 'drain':
      return { ...member, drained: event.on };
  }
}

function judged(member: MemberHealth, all: readonly MemberHealth[], time: number): MemberHealth {
  const fault = faultOf(member, all);
  const known = Object.values(member.targets).some(({ state }) => state !== 'unknown');
  const state = fault === undefined ? (known ? 'up' : 'unknown') : 'down';
  if (state === member.state)
    return fault === member.fault || fault === undefined ? member : { ...member, fault };
  const { fault: _, ...rest } = member;
  return { ...rest, state, since: time, ...(fault === undefined ? {} : { fault }) };
}

/**
 * More than half of the targets do not answer through the member. A target that answers through no member says nothing
 * about any of them, unless none answers at all.
 */
function faultOf({ signals, targets }: MemberHealth, all: readonly MemberHealth[]): string | undefined {
  const [signal] = Object.values(signals);
  if (signal !== undefined) return signal;
  const answersAnywhere = (name: string): boolean => all.some((one) => one.targets[name]?.state === 'good');
  const entries = Object.entries(targets).filter(([, { state }]) => state !== 'unknown');
  const telling = entries.filter(([name]) => answersAnywhere(name));
  const judging = telling.length > 0 ? telling : entries;
  const bad = judging.filter(([, { state }]) => state === 'bad');
  if (bad.length * 2 <= judging.length) return undefined;
  const how = bad.every(([, { refused }]) => refused) ? 'unreachable, as it says itself' : 'unreachable';
  return `${bad.length} of ${judging.length} targets ${how}: ${bad.map(([name]) => name).join(' ')}`;
}

/** Changes the member in use if there is a reason, and the last change is long enough ago. */
function choose(health: Health, time: number): Health {
  const { members, used, policy, usedSince } = health;
  if (usedSince !== undefined && time - usedSince < holdTime(policy)) return health;
  const current = members.find(({ host }) => host === used);
  const usable = current !== undefined && isUsable(current);
  const next = usable ? preferredTo(health, time) : substituteFor(health);
  if (!next || next.host === used) return health;
  const why = usable ? `${next.host} works again` : faultText(used, current);
  return { ...health, used: next.host, usedSince: time, why };
}

export function faultText(host: string, member: MemberHealth | undefined): string {
  if (member?.drained) return `${host} was drained`;
  return `${host}: ${member?.fault ?? 'is no member any more'}`;
}

/** A member before the one in use, that has worked long enough. */
function preferredTo({ members, used, policy }: Health, time: number): MemberHealth | undefined {
  const before = members.slice(
    0,
    members.findIndex(({ host }) => host === used),
  );
  return before.find((member) => mayReturn(member, policy, time));
}

/** Whether a member that is out of use has worked long enough. */
export function mayReturn(
  { state, drained, since }: MemberHealth,
  { failback }: Policy,
  time: number,
): boolean {
  return state === 'up' && !drained && failback !== 'manual' && time - (since ?? time) >= failback;
}

export function isUsable({ state, drained }: MemberHealth): boolean {
  return state !== 'down' && !drained;
}

/**
 * Where no member is known to work, the one in use stays, unless another may work. When all fail at the same moment, the
 * others are not yet down, but do not answer either.
 */
function substituteFor({ members, used }: Health): MemberHealth | undefined {
  const others = members.filter(({ host, drained }) => host !== used && !drained);
  return others.find(answersNow) ?? others.find(({ state }) => state === 'unknown');
}

export function answersNow({ state, targets }: MemberHealth): boolean {
  return state === 'up' && Object.values(targets).some(({ samples }) => samples.at(-1) !== undefined);
}
