/** Members that an operator has taken out of use: on this node, or on the member, which says so itself. Pure. */
import type { Address } from '../../address/cidr.ts';
import type { HealthEvent } from '../../health/health.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { judges } from '../../topology/failover-gateways.ts';
import type { FailoverGateway } from '../../topology/role.ts';

export interface Drains {
  /**
   * Takes over the members of the file, and those that are drained on this node. What an earlier agent has heard from a
   * member is true until it answers: otherwise a new agent would go back to it first.
   *
   * @param time milliseconds, monotonic
   */
  follow(
    gateways: readonly FailoverGateway[],
    verdicts: Verdicts,
    here: readonly string[],
    time: number,
  ): void;
  /** @returns whether it is news of the member; an address of no member has none */
  answer(host: string, address: Address, answer: DrainAnswer): boolean;
  /** hosts of members that say that they are drained, in the order of the file */
  said(): readonly string[];
  events(gateway: FailoverGateway, time: number): HealthEvent[];
}

export interface DrainAnswer {
  readonly drained: boolean;
  /** milliseconds, monotonic */
  readonly time: number;
}

interface Asked {
  readonly addresses: ReadonlySet<Address>;
  /** the last answer of each address */
  readonly answers: Map<Address, DrainAnswer>;
}

/**
 * Milliseconds. A member may answer at one of its addresses and not at another, or differently there: it is drained if
 * any says so. An address that has fallen silent meanwhile, such as one of a family that has broken down, must not keep
 * the member drained for ever.
 */
const silentAfter = 10_000;

export function createDrains(): Drains {
  let here: readonly string[] = [];
  let members: ReadonlyMap<string, Asked> = new Map();
  const isSaid = (host: string): boolean => saysDrained(members.get(host)?.answers);
  return {
    follow(gateways, verdicts, drainedHere, time) {
      here = drainedHere;
      members = followed(gateways, verdicts, members, time);
    },
    answer(host, address, answer) {
      const asked = members.get(host);
      if (!asked?.addresses.has(address)) return false;
      const before = isSaid(host);
      asked.answers.set(address, answer);
      return isSaid(host) !== before;
    },
    said: () => [...members.keys()].filter(isSaid),
    events: (gateway, time) =>
      gateway.members.map(({ host: member }) => {
        const on = here.includes(member) || isSaid(member);
        return { kind: 'drain', time, member, on };
      }),
  };
}

function saysDrained(answers: Asked['answers'] = new Map()): boolean {
  const all = [...answers.values()];
  const last = Math.max(...all.map(({ time }) => time));
  return all.some(({ drained, time }) => drained && last - time < silentAfter);
}

function followed(
  gateways: readonly FailoverGateway[],
  verdicts: Verdicts,
  before: ReadonlyMap<string, Asked>,
  time: number,
): ReadonlyMap<string, Asked> {
  const now = new Map<string, Asked>();
  const heard = gateways.flatMap((gateway) => heardBefore(gateway, verdicts));
  for (const { host, addresses } of gateways.flatMap(({ members }) => members)) {
    const all = new Set([...(now.get(host)?.addresses ?? []), ...addresses]);
    const known = [...(before.get(host)?.answers ?? [])].filter(([address]) => all.has(address));
    const assumed = heard.includes(host)
      ? [...all].map((one) => [one, { drained: true, time }] as const)
      : [];
    now.set(host, { addresses: all, answers: new Map(known.length > 0 ? known : assumed) });
  }
  return now;
}

function heardBefore(gateway: FailoverGateway, verdicts: Verdicts): readonly string[] {
  const verdict = Object.hasOwn(verdicts, gateway.name) ? verdicts[gateway.name] : undefined;
  return verdict && judges(verdict, gateway) ? (verdict.drained ?? []) : [];
}
