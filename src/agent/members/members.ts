/** Which members each gateway uses: feeds the state machines with what is known, and leaves their verdicts for runs. */
import { isDeepStrictEqual } from 'node:util';
import { type Family, familyOf } from '../../address/cidr.ts';
import { familiesOf } from '../../desired/routing/probe-paths.ts';
import { linkTowards } from '../../desired/routing/neighbours.ts';
import { type HealthEvent, outageDue } from '../../health/health.ts';
import type { Sample } from '../../health/target.ts';
import type { Verdicts } from '../../health/verdict.ts';
import type { Facts } from '../../state/facts.ts';
import { judges } from '../../topology/failover-gateways.ts';
import type { FailoverGateway, HostRole } from '../../topology/role.ts';
import { freshChoice } from './choice.ts';
import { createDrains } from './drains.ts';
import type { Emit } from '../event/agent-event.ts';
import type { ChoiceEvent } from './member-events.ts';
import { type Judged, type KnownHost, learnAbout, outageInForce, verdictsOf } from './judged.ts';
import { type GatewayHealth, statusOf } from './member-status.ts';
import type { PingSample } from './ping-output.ts';
import { noFailovers } from './failovers.ts';
import type { Probe } from './wanted-probes.ts';

export interface MembersPorts {
  /** id of this agent, for its verdicts */
  readonly id: string;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** Writes the verdicts for runs, changes the routes, and then tells of the changes. */
  readonly publish: (verdicts: Verdicts, changes: readonly ChoiceEvent[]) => void;
  /** Does something after some milliseconds. */
  readonly later: (milliseconds: number, work: () => void) => void;
  readonly emit: Emit;
}

export interface Members {
  /** Takes over the gateways of the file, and what the host shows of their links. */
  follow(role: Pick<HostRole, 'failover' | 'networks'>, facts: KnownHost, drained: readonly string[]): void;
  sample(probe: Pick<Probe, 'gateway' | 'family' | 'member' | 'target'>, sample: PingSample): void;
  /** Takes over what a member says of itself, at one of its addresses. */
  answer(question: Pick<Probe, 'member' | 'target'>, drained: boolean): void;
  status(): readonly GatewayHealth[];
}

/** milliseconds */
const publishAgainAfter = 5000;

export function createMembers(ports: MembersPorts): Members {
  const { now, emit } = ports;
  const drains = createDrains();
  let judged = new Map<string, Judged>();
  const verdicts = (): Verdicts => verdictsOf([...judged.values()], drains.said());
  const publisher = createPublisher(ports, verdicts);
  const feed = (one: Judged, ...events: readonly HealthEvent[]): boolean => {
    const learning = { id: ports.id, saidDrained: drains.said(), emit, onChange: publisher.tellNext };
    const isChanged = learnAbout(one, learning, events);
    const due = one.gateway.leaveDirectly && outageDue(one.choice.health);
    // Where nothing is probed, no sample comes at that time.
    if (due !== undefined && due !== one.tick) {
      one.tick = due;
      ports.later(due - now(), () => {
        const isCurrent = judged.get(keyOf(one.gateway.name, one.family)) === one;
        if (isCurrent && feed(one, { kind: 'tick', time: now() })) publisher.publish();
      });
    }
    return isChanged;
  };
  return {
    follow(role, facts, drainedHere) {
      judged = followed(role, facts, judged, ports.id);
      drains.follow(role.failover ?? [], facts.verdicts ?? {}, drainedHere, now());
      // Drains and links of all members, judged together.
      for (const one of judged.values())
        feed(one, ...drains.events(one.gateway, now()), ...linkEvents(one, facts, now()));
      publisher.compare(facts.verdicts ?? {});
    },
    sample({ gateway, family, member, target }, sample) {
      const one = judged.get(keyOf(gateway, family));
      const event = { kind: 'sample', time: now(), member, target, ...measured(sample) } as const;
      if (one && feed(one, event)) publisher.publish();
    },
    answer({ member, target }, drained) {
      if (!drains.answer(member, target, { drained, time: now() })) return;
      for (const one of judged.values()) feed(one, ...drains.events(one.gateway, now()));
      publisher.publish();
    },
    status: () => [...judged.values()].map((one) => statusOf(one, drains.said())),
  };
}

function createPublisher({ now, publish, emit }: MembersPorts, verdicts: () => Verdicts) {
  let last: { readonly verdicts: Verdicts; readonly at: number } | undefined;
  /** what is told when the routes have been changed */
  let changes: readonly ChoiceEvent[] = [];
  const takeChanges = (): readonly ChoiceEvent[] => {
    const taken = changes;
    changes = [];
    return taken;
  };
  const publishNow = (): void => {
    last = { verdicts: verdicts(), at: now() };
    publish(last.verdicts, takeChanges());
  };
  return {
    publish: publishNow,
    tellNext: (change: ChoiceEvent): void => void (changes = [...changes, change]),
    /** @param found what a run would find */
    compare(found: Verdicts): void {
      const wanted = verdicts();
      // Somebody has removed the file, or it could not be written: each look would find that again at once.
      const isFresh = last !== undefined && now() - last.at < publishAgainAfter;
      const isKnown =
        isDeepStrictEqual(found, wanted) || (isFresh && isDeepStrictEqual(last?.verdicts, wanted));
      if (!isKnown) publishNow();
      else takeChanges().forEach(emit);
    },
  };
}

function measured({ roundTrip, refused }: PingSample): Pick<Sample, 'roundTrip' | 'refused'> {
  return { ...(roundTrip === undefined ? {} : { roundTrip }), ...(refused ? { refused } : {}) };
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
