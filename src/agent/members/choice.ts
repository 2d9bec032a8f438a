/** The choice among the members of a gateway, in one family: one of them, or those that share its connections. Pure. */
import { type Health, type HealthEvent, freshHealth, learn } from '../../health/health.ts';
import { type Shares, freshShares, learnShares } from '../../health/shares.ts';
import { slotCount, slotOwners, slotsByOwner } from '../../health/slots.ts';
import type { GatewayVerdict, UsedMember } from '../../health/verdict.ts';
import type { Family } from '../../address/cidr.ts';
import type { FailoverGateway } from '../../topology/role.ts';

export type Choice =
  | { readonly kind: 'one'; readonly health: Health; readonly chosen?: UsedMember | undefined }
  | { readonly kind: 'shared'; readonly health: Shares; readonly away: readonly UsedMember[] };

/**
 * @param hosts members with an address of the family
 * @param outage of all members, until now
 */
export function freshChoice(
  { balance, policy }: FailoverGateway,
  hosts: readonly string[],
  verdict: Pick<GatewayVerdict, 'used' | 'away'> | undefined,
  family: Family,
  outage?: string,
): Choice {
  if (!balance) {
    const before = verdict?.used[family];
    const chosen = before && hosts.includes(before.host) ? before : undefined;
    return { kind: 'one', health: freshHealth(policy, hosts, chosen?.host, outage), chosen };
  }
  const before = verdict?.away?.[family] ?? [];
  const health = freshShares(policy, hosts, before, outage);
  return { kind: 'shared', health, away: before.filter(({ host }) => isAway(health, host)) };
}

/** The choice after some events, and what has changed, for the log: `leaves by gw2 instead of gw1: gw1 is drained`. */
export function learnChoice(
  choice: Choice,
  events: readonly HealthEvent[],
  since: string,
): { readonly choice: Choice; readonly changes: readonly string[] } {
  if (choice.kind === 'one') {
    const health = learn(choice.health, ...events);
    const { used, why = '' } = health;
    if (used === choice.health.used) return { choice: { ...choice, health }, changes: [] };
    const change = `leaves by ${used} instead of ${choice.health.used}: ${why}`;
    return { choice: { kind: 'one', health, chosen: { host: used, since, why } }, changes: [change] };
  }
  const health = learnShares(choice.health, ...events);
  const left = health.away.filter(({ host }) => !isAway(choice.health, host));
  const back = choice.away.filter(({ host }) => !isAway(health, host));
  const away = [
    ...choice.away.filter(({ host }) => isAway(health, host)),
    ...left.map((one) => ({ ...one, since })),
  ];
  return {
    choice: { kind: 'shared', health, away },
    changes: [
      ...left.map(({ host, why }) => `no longer leaves by ${host}: ${why}`),
      ...back.map(({ host }) => `leaves by ${host} as well: it works again`),
    ],
  };
}

function isAway({ away }: Shares, host: string): boolean {
  return away.some((one) => one.host === host);
}

/** Members with their shares of new connections, 0 to 1; undefined where one member has all. */
export function sharesOf({ members }: FailoverGateway, choice: Choice): Map<string, number> | undefined {
  if (choice.kind === 'one') return undefined;
  const here = members
    .filter(({ host }) => choice.health.members.some((one) => one.host === host))
    .map(({ host, weight = 1 }) => ({ host, weight }));
  const slots = slotsByOwner(slotOwners(here, inUse(choice)));
  return new Map(here.map(({ host }) => [host, (slots.get(host) ?? 0) / slotCount]));
}

/** What a run has to know; undefined: everything is as the file says. */
export function verdictOf(choice: Choice, family: Family): Pick<GatewayVerdict, 'used' | 'away'> | undefined {
  if (choice.kind === 'one') return choice.chosen && { used: { [family]: choice.chosen } };
  return choice.away.length === 0 ? undefined : { used: {}, away: { [family]: choice.away } };
}

/** Hosts of the members that new connections may leave by, most preferred first. */
export function inUse({ kind, health }: Choice): string[] {
  return kind === 'one'
    ? [health.used]
    : health.members.map(({ host }) => host).filter((host) => !isAway(health, host));
}

/** The member in use; of several, the first. */
export function firstUsed(choice: Choice): string {
  return inUse(choice)[0] ?? '';
}
