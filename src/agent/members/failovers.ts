/** Counts changes of the members that a gateway uses, by cause. Pure. */
import type { MemberHealth } from '../../health/health.ts';
import { type Choice, inUse } from './choice.ts';

/**
 * Why a gateway no longer uses a member, or uses it again: an operator has drained it; its link is down; it says that it
 * has no way to the targets; probes are lost; it works again, or a preferred one does; the file no longer has it.
 */
export const failoverCauses = ['drained', 'link', 'refused', 'probes', 'failback', 'removed'] as const;
export type FailoverCause = (typeof failoverCauses)[number];
export type FailoverCounts = Readonly<Record<FailoverCause, number>>;

export const noFailovers: FailoverCounts = {
  drained: 0,
  link: 0,
  refused: 0,
  probes: 0,
  failback: 0,
  removed: 0,
};

export function countFailovers(counts: FailoverCounts, before: Choice, after: Choice): FailoverCounts {
  const [used, usedNow] = [inUse(before), inUse(after)];
  const left = used
    .filter((host) => !usedNow.includes(host))
    .map((host) => causeOf(after.health.members.find((one) => one.host === host)));
  // Where one member is used at a time, its successor comes with it.
  const came = after.kind === 'one' ? [] : usedNow.filter((host) => !used.includes(host));
  if (left.length + came.length === 0) return counts;
  const changed = { ...counts };
  for (const cause of left) changed[cause] += 1;
  changed.failback += came.length;
  return changed;
}

/** Changes that one count has more than another. */
export function causesBetween(before: FailoverCounts, after: FailoverCounts): Partial<FailoverCounts> {
  const more = failoverCauses
    .map((cause) => [cause, after[cause] - before[cause]] as const)
    .filter(([, count]) => count > 0);
  return Object.fromEntries(more);
}

function causeOf(member: MemberHealth | undefined): FailoverCause {
  if (!member) return 'removed';
  const { drained, signals, state, targets } = member;
  if (drained) return 'drained';
  if (signals.link !== undefined) return 'link';
  if (state !== 'down') return 'failback';
  const bad = Object.values(targets).filter((target) => target.state === 'bad');
  return bad.every(({ refused }) => refused) ? 'refused' : 'probes';
}
