/** Which members each gateway uses: feeds the state machines with what is known, and leaves their verdicts for runs. */
import { isDeepStrictEqual } from 'node:util';
import { type Family, familyOf } from '../../address/cidr.ts';
import { familiesOf } from '../../desired/routing/probe-paths.ts';
import { linkTowards } from '../../desired/routing/neighbours.ts';
import { type HealthEvent, type MemberHealth, outageDue } from '../../health/health.ts';
import { lossOf, roundTripOf } from '../../health/target.ts';
import type { Outage, Verdicts } from '../../health/verdict.ts';
import type { Facts } from '../../state/facts.ts';
import { judges } from '../../topology/failover-gateways.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import { firstUsed, freshChoice, sharesOf } from './choice.ts';
import { type Judged, type KnownHost, learnAbout, outageInForce, verdictsOf } from './judged.ts';
import { type FailoverCounts, noFailovers } from './failovers.ts';
import type { PingSample } from './ping-output.ts';
import { type TargetStatus, targetStatuses } from './target-status.ts';
import type { Probe } from './wanted-probes.ts';

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
  /** an operator has taken it out of use */
  readonly drained?: true;
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

export interface MembersPorts {
  /** id of this agent, for its verdicts */
  readonly id: string;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** Writes the verdicts for runs, and asks for one. */
  readonly publish: (verdicts: Verdicts) => void;
  /** Does something after some milliseconds. */
  readonly later: (milliseconds: number, work: () => void) => void;
  readonly log: (line: string) => void;
}

export interface Members {
  /** Takes over the gateways of the file, and what the host shows of their links. */
  follow(role: Pick<HostRole, 'failover' | 'networks'>, facts: KnownHost, drained: readonly string[]): void;
  sample(probe: Pick<Probe, 'gateway' | 'family' | 'member' | 'target'>, sample: PingSample): void;
  status(): readonly GatewayHealth[];
}

/** milliseconds */
const publishAgainAfter = 5000;

export function createMembers(ports: MembersPorts): Members {
  const { now, publish } = ports;
  let judged = new Map<string, Judged>();
  let last: { readonly verdicts: Verdicts; readonly at: number } | undefined;
  const publishAll = (): void => {
    last = { verdicts: verdictsOf([...judged.values()]), at: now() };
    publish(last.verdicts);
  };
  const feed = (one: Judged, ...events: readonly HealthEvent[]): boolean => {
    const isChanged = learnAbout(one, ports, events);
    const due = one.gateway.leaveDirectly && outageDue(one.choice.health);
    // Where nothing is probed, no sample comes at that time.
    if (due !== undefined && due !== one.tick) {
      one.tick = due;
      ports.later(due - now(), () => {
        const isCurrent = judged.get(keyOf(one.gateway.name, one.family)) === one;
        if (isCurrent && feed(one, { kind: 'tick', time: now() })) publishAll();
      });
    }
    return isChanged;
  };
  return {
    follow(role, facts, drained) {
      judged = followed(role, facts, judged, ports.id);
      for (const one of judged.values()) feed(one, ...eventsOf(one, facts, drained, now()));
      const verdicts = verdictsOf([...judged.values()]);
      if (isDeepStrictEqual(facts.verdicts ?? {}, verdicts)) return;
      // Somebody has removed the file, or it could not be written: each look would find that again at once.
      const isFresh = last !== undefined && now() - last.at < publishAgainAfter;
      if (!isFresh || !isDeepStrictEqual(last?.verdicts, verdicts)) publishAll();
    },
    sample({ gateway, family, member, target }, { roundTrip }) {
      const one = judged.get(keyOf(gateway, family));
      const event = { kind: 'sample', time: now(), member, target } as const;
      if (one && feed(one, roundTrip === undefined ? event : { ...event, roundTrip })) publishAll();
    },
    status: () => [...judged.values()].map(statusOf),
  };
}

function keyOf(gateway: string, family: Family): string {
  return `${gateway} ${family}`;
}

/** A gateway whose members or policy have changed begins anew, with the member that it uses. */
function followed(
  role: Pick<HostRole, 'failover' | 'networks'>,
  facts: KnownHost,
  before: ReadonlyMap<string, Judged>,
  id: string,
): Map<string, Judged> {
  const { verdicts = {} } = facts;
  const pairs = (role.failover ?? []).flatMap((gateway) =>
    familiesOf(role, gateway).map((family) => ({ gateway, family })),
  );
  return new Map(
    pairs.map(({ gateway, family }) => {
      const key = keyOf(gateway.name, family);
      const known = before.get(key);
      if (known && sameChoice(known.gateway, gateway)) {
        known.gateway = gateway;
        return [key, known];
      }
      const verdict = verdicts[gateway.name];
      const hosts = gateway.members
        .filter(({ addresses }) => addresses.some((address) => familyOf(address) === family))
        .map(({ host }) => host);
      const outage = outageInForce(role, gateway, family, facts);
      const kept = verdict && judges(verdict, gateway) ? verdict : undefined;
      const choice = freshChoice(gateway, hosts, kept, family, outage?.why);
      const failed = kept?.failed?.[family] ?? [];
      const failovers = known?.failovers ?? noFailovers;
      return [
        key,
        { gateway, family, choice, failed, failovers, outage: outage && { ...outage, agent: id } },
      ];
    }),
  );
}

function sameChoice(a: FailoverGateway, b: FailoverGateway): boolean {
  const textOf = ({ members, targets, policy, balance }: FailoverGateway): string =>
    JSON.stringify([members, targets, policy, balance]);
  return textOf(a) === textOf(b);
}

/** Events of one read of the host: drains and links of all members, judged together. */
function eventsOf(
  one: Judged,
  facts: Pick<Facts, 'links' | 'foreignRoutes'>,
  drained: readonly string[],
  time: number,
): HealthEvent[] {
  const drains = one.gateway.members.map(({ host }): HealthEvent => ({
    kind: 'drain',
    time,
    member: host,
    on: drained.includes(host),
  }));
  return [...drains, ...linkEvents(one, facts, time)];
}

/** Carrier and state of the link to each member: known before a probe is lost. */
function linkEvents(
  { gateway, family }: Judged,
  facts: Pick<Facts, 'links' | 'foreignRoutes'>,
  time: number,
): HealthEvent[] {
  return gateway.members.flatMap(({ host, addresses }) => {
    const address = addresses.find((one) => familyOf(one) === family);
    if (address === undefined) return [];
    const link = linkTowards(address, facts);
    const fault = link?.down
      ? `${link.name} is down`
      : link?.noCarrier
        ? `${link.name} has no carrier`
        : undefined;
    const event = { kind: 'signal', time, member: host, from: 'link' } as const;
    return [fault === undefined ? event : { ...event, fault }];
  });
}

function statusOf({ gateway, family, choice, outage, failovers }: Judged): GatewayHealth {
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
      return { ...memberStatus(member), ...(share === undefined ? {} : { share }) };
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
