/** Which member each gateway uses: feeds the state machines with what is known, and leaves their verdicts for runs. */
import { isDeepStrictEqual } from 'node:util';
import { type Family, familyOf } from '../../address/cidr.ts';
import { familiesOf } from '../../desired/routing/probe-paths.ts';
import { linkTowards } from '../../desired/routing/neighbours.ts';
import { type Health, type HealthEvent, type MemberHealth, freshHealth, learn } from '../../health/health.ts';
import { lossOf, roundTripOf } from '../../health/target.ts';
import type { UsedMember, Verdicts } from '../../health/verdict.ts';
import type { Facts } from '../../state/facts.ts';
import { judges } from '../../topology/failover-gateways.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import type { PingSample } from './ping-output.ts';
import type { Probe } from './wanted-probes.ts';

/** State of a gateway's members in one family, for `status`. */
export interface GatewayHealth {
  readonly gateway: string;
  readonly family: Family;
  /** member in use */
  readonly used: string;
  /** when and why it was chosen; absent: it is the first one, and always was */
  readonly since?: string;
  readonly why?: string;
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
}

export interface MembersPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** Writes the verdicts for runs, and asks for one. */
  readonly publish: (verdicts: Verdicts) => void;
  readonly log: (line: string) => void;
}

interface Judged {
  readonly gateway: FailoverGateway;
  readonly family: Family;
  health: Health;
  chosen: UsedMember | undefined;
}

export interface Members {
  /** Takes over the gateways of the file, and what the host shows of their links. */
  follow(
    role: Pick<HostRole, 'failover' | 'networks'>,
    facts: Pick<Facts, 'links' | 'foreignRoutes' | 'verdicts'>,
    drained: readonly string[],
  ): void;
  sample(probe: Pick<Probe, 'gateway' | 'family' | 'member' | 'target'>, sample: PingSample): void;
  status(): readonly GatewayHealth[];
}

export function createMembers({ now, publish, log }: MembersPorts): Members {
  let judged = new Map<string, Judged>();
  const feed = (one: Judged, ...events: readonly HealthEvent[]): boolean => {
    const before = one.health.used;
    one.health = learn(one.health, ...events);
    const { used, why = '' } = one.health;
    if (used === before) return false;
    one.chosen = { host: used, since: new Date().toISOString(), why };
    log(`gateway ${one.gateway.name}: IPv${one.family} leaves by ${used} instead of ${before}: ${why}`);
    return true;
  };
  const publishAll = (): void => publish(verdictsOf([...judged.values()]));
  return {
    follow(role, facts, drained) {
      judged = followed(role, facts, judged);
      for (const one of judged.values()) feed(one, ...eventsOf(one, facts, drained, now()));
      // Also when the file could not be written, or somebody has removed it.
      if (!isDeepStrictEqual(facts.verdicts ?? {}, verdictsOf([...judged.values()]))) publishAll();
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
  { verdicts = {} }: Pick<Facts, 'verdicts'>,
  before: ReadonlyMap<string, Judged>,
): Map<string, Judged> {
  const pairs = (role.failover ?? []).flatMap((gateway) =>
    familiesOf(role, gateway).map((family) => ({ gateway, family })),
  );
  return new Map(
    pairs.map(({ gateway, family }) => {
      const key = keyOf(gateway.name, family);
      const known = before.get(key);
      if (known && sameChoice(known.gateway, gateway)) return [key, { ...known, gateway }];
      const verdict = verdicts[gateway.name];
      const chosen = verdict && judges(verdict, gateway) ? verdict.used[family] : undefined;
      const hosts = gateway.members
        .filter(({ addresses }) => addresses.some((address) => familyOf(address) === family))
        .map(({ host }) => host);
      const health = freshHealth(gateway.policy, hosts, chosen?.host);
      return [key, { gateway, family, health, chosen }];
    }),
  );
}

function sameChoice(a: FailoverGateway, b: FailoverGateway): boolean {
  const textOf = ({ members, targets, policy }: FailoverGateway): string =>
    JSON.stringify([members, targets, policy]);
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

/** Gateways that have never left their first member have no verdict. */
function verdictsOf(judged: readonly Judged[]): Verdicts {
  const found: Record<string, Verdicts[string]> = {};
  for (const { gateway, family, chosen } of judged) {
    if (!chosen) continue;
    const { name, members } = gateway;
    found[name] = {
      members: members.map(({ host }) => host),
      used: { ...found[name]?.used, [family]: chosen },
    };
  }
  return found;
}

function statusOf({ gateway, family, health, chosen }: Judged): GatewayHealth {
  return {
    gateway: gateway.name,
    family,
    used: health.used,
    ...(chosen ? { since: chosen.since, why: chosen.why } : {}),
    members: health.members.map(memberStatus),
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
    ...(found.length > 0 ? { loss: mean(found.map(lossOf)) } : {}),
    ...(trips.length > 0 ? { roundTrip: Math.round(mean(trips) * 100) / 100 } : {}),
  };
}
