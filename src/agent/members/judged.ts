/** A gateway that the agent judges, and its verdict: the members in use, and an outage of all members. */
import type { Family } from '../../address/cidr.ts';
import { type HealthEvent, answersNow } from '../../health/health.ts';
import type { GatewayVerdict, Outage, Verdicts } from '../../health/verdict.ts';
import type { Facts } from '../../state/facts.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import { directFamilies } from '../../topology/verdicts.ts';
import { type FailoverCounts, countFailovers } from './failovers.ts';
import type { Emit } from '../event/agent-event.ts';
import { type Choice, inUse, learnChoice, verdictOf } from './choice.ts';
import { type ChoiceEvent, choiceEvents, memberEvents } from './member-events.ts';

/** A gateway in one family, and what the agent has found out about it. */
export interface Judged {
  gateway: FailoverGateway;
  readonly family: Family;
  choice: Choice;
  /** with `flows: drain`: hosts of members that have failed */
  failed: readonly string[];
  outage: Outage | undefined;
  failovers: FailoverCounts;
  /** time of the tick that is asked for */
  tick?: number;
}

/** What a read of the host shows of the members' links, and of earlier verdicts. */
export type KnownHost = Pick<Facts, 'links' | 'foreignRoutes' | 'verdicts'> & {
  readonly ledger: Pick<Facts['ledger'], 'leavesDirectly'>;
};

interface Learning {
  /** id of this agent */
  readonly id: string;
  /** hosts of members that say that they are drained */
  readonly saidDrained: readonly string[];
  readonly emit: Emit;
  /** called with what is told when the routes have been changed */
  readonly onChange: (event: ChoiceEvent) => void;
}

/** @returns whether the verdict changes */
export function learnAbout(
  one: Judged,
  { id, saidDrained, emit, onChange }: Learning,
  events: readonly HealthEvent[],
): boolean {
  const before = { ...one };
  const { choice, changes } = learnChoice(one.choice, events, new Date().toISOString());
  one.failovers = countFailovers(one.failovers, one.choice, choice);
  one.choice = choice;
  one.failed = failedNow(one);
  one.outage = outageOf(one, id);
  memberEvents(one, before.choice, saidDrained).forEach(emit);
  choiceEvents(one, before, changes).forEach(onChange);
  return changes.length > 0 || before.outage !== one.outage || before.failed.join() !== one.failed.join();
}

/**
 * Members that keep no connections. After a start of the agent, one that nothing is known of stays what it was. While no
 * member in use answers, the list stays, since connections have nowhere to go.
 */
function failedNow({ gateway, choice, failed }: Judged): readonly string[] {
  if (!gateway.drainsFlows) return [];
  const { members } = choice.health;
  const used = inUse(choice);
  if (!members.some((member) => used.includes(member.host) && answersNow(member))) return failed;
  return members
    .filter(({ host, state }) => state === 'down' || (state === 'unknown' && failed.includes(host)))
    .map(({ host }) => host);
}

function outageOf({ gateway, choice, outage }: Judged, agent: string): Outage | undefined {
  const why = choice.health.outage;
  if (!gateway.leaveDirectly || why === undefined) return undefined;
  return outage ?? { since: new Date().toISOString(), why, agent };
}

/** An outage for which networks leave directly: found by an earlier agent, or before the file has changed. */
export function outageInForce(
  { networks }: Pick<HostRole, 'networks'>,
  gateway: FailoverGateway,
  family: Family,
  { verdicts = {}, ledger }: KnownHost,
): Outage | undefined {
  return networks
    .filter((network) => network.gateway === gateway.name)
    .map((network) => directFamilies(network, gateway, { verdicts, ledger })[family])
    .find((outage) => outage !== undefined);
}

/**
 * Gateways that have always used what the file says have no verdict.
 *
 * @param saidDrained hosts of members that are drained on themselves
 */
export function verdictsOf(judged: readonly Judged[], saidDrained: readonly string[]): Verdicts {
  const found: Record<string, GatewayVerdict> = {};
  for (const { gateway, family, choice, failed, outage } of judged) {
    const verdict = verdictOf(choice, family);
    const { name, members } = gateway;
    const drained = saidDrained.filter((host) => members.some((member) => member.host === host));
    if (!verdict && !outage && failed.length + drained.length === 0) continue;
    const known = found[name];
    found[name] = {
      members: members.map(({ host }) => host),
      used: { ...known?.used, ...verdict?.used },
      ...(verdict?.away || known?.away ? { away: { ...known?.away, ...verdict?.away } } : {}),
      ...(failed.length > 0 || known?.failed
        ? { failed: { ...known?.failed, ...(failed.length > 0 ? { [family]: failed } : {}) } }
        : {}),
      ...(drained.length > 0 ? { drained } : {}),
      ...(outage || known?.outage
        ? { outage: { ...known?.outage, ...(outage ? { [family]: outage } : {}) } }
        : {}),
    };
  }
  return found;
}
