/** Events about the members of a gateway: what has changed between two states of its choice. Pure. */
import type { MemberHealth } from '../../health/health.ts';
import type { Outage } from '../../health/verdict.ts';
import type { AgentEvent } from '../event/agent-event.ts';
import { type Choice, firstUsed } from './choice.ts';
import { type FailoverCounts, causesBetween } from './failovers.ts';
import type { FailoverGateway } from '../../topology/role.ts';
import type { Family } from '../../address/cidr.ts';

/** Told when the routes have been changed. */
export type ChoiceEvent = Extract<AgentEvent, { kind: 'failover' | 'outage' }>;
type MemberEvent = Extract<AgentEvent, { kind: 'member' }>;

/** What is known of a gateway in one family. */
interface Known {
  readonly gateway: FailoverGateway;
  readonly family: Family;
  readonly choice: Choice;
  readonly failovers: FailoverCounts;
  readonly outage: Outage | undefined;
}

/** @param saidDrained hosts of members that say that they are drained */
export function memberEvents(
  { gateway, family, choice }: Known,
  before: Choice,
  saidDrained: readonly string[],
): MemberEvent[] {
  return choice.health.members.flatMap((now) => {
    const then = before.health.members.find(({ host }) => host === now.host);
    if (then?.state === now.state && then.drained === now.drained) return [];
    return [{ kind: 'member', gateway: gateway.name, family, ...memberNow(then, now, saidDrained) }];
  });
}

function memberNow(
  then: MemberHealth | undefined,
  { host, state, fault, drained }: MemberHealth,
  saidDrained: readonly string[],
): Omit<MemberEvent, 'kind' | 'gateway' | 'family'> {
  return {
    member: host,
    state,
    ...(fault === undefined ? {} : { fault }),
    ...(drained ? { drained } : {}),
    ...(drained && saidDrained.includes(host) ? { drainedByItself: true } : {}),
    ...(then?.drained && !drained ? { givenBack: true } : {}),
  };
}

/** @param changes who left and came, in words */
export function choiceEvents(one: Known, before: Known, changes: readonly string[]): ChoiceEvent[] {
  const { gateway, family, choice, failovers, outage } = one;
  const of = { gateway: gateway.name, family };
  const used = firstUsed(choice);
  const why = lastWhy(choice);
  const causes: Partial<FailoverCounts> = causesBetween(before.failovers, failovers);
  const networks = gateway.leaveDirectly ?? [];
  return [
    ...(changes.length === 0
      ? []
      : [
          {
            kind: 'failover',
            ...of,
            used,
            change: changes.join('; '),
            causes,
            ...(why === undefined ? {} : { why }),
          } as const,
        ]),
    ...((before.outage === undefined) === (outage === undefined)
      ? []
      : [{ kind: 'outage', ...of, networks, ...(outage ? { why: outage.why } : { used }) } as const]),
  ];
}

function lastWhy(choice: Choice): string | undefined {
  return (choice.kind === 'one' ? choice.chosen : choice.away.at(-1))?.why;
}
