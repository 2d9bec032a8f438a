/** Members that an operator has taken out of use: on this node, or on the member, which says so itself. Pure. */
import type { HealthEvent } from '../../health/health.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { judges } from '../../topology/failover-gateways.ts';
import type { FailoverGateway } from '../../topology/role.ts';

export interface Drains {
  /**
   * Takes over the members of the file, and those that are drained on this node. What an earlier agent has heard from a
   * member is true until it answers: otherwise a new agent would go back to it first.
   */
  follow(gateways: readonly FailoverGateway[], verdicts: Verdicts, here: readonly string[]): void;
  /** @returns whether it is news; a host that is no member has none */
  answer(host: string, drained: boolean): boolean;
  /** hosts of members that say that they are drained, in the order of the file */
  said(): readonly string[];
  events(gateway: FailoverGateway, time: number): HealthEvent[];
}

export function createDrains(): Drains {
  let here: readonly string[] = [];
  let said = new Map<string, boolean>();
  return {
    follow(gateways, verdicts, drainedHere) {
      here = drainedHere;
      const [before, now] = [said, new Map<string, boolean>()];
      for (const gateway of gateways) {
        const heard = heardBefore(gateway, verdicts);
        for (const { host } of gateway.members) {
          now.set(host, before.get(host) ?? (heard.includes(host) || now.get(host) === true));
        }
      }
      said = now;
    },
    answer(host, drained) {
      if (!said.has(host) || said.get(host) === drained) return false;
      said.set(host, drained);
      return true;
    },
    said: () => [...said].flatMap(([host, drained]) => (drained ? [host] : [])),
    events: ({ members }, time) =>
      members.map(({ host: member }) => {
        const on = here.includes(member) || said.get(member) === true;
        return { kind: 'drain', time, member, on };
      }),
  };
}

function heardBefore(gateway: FailoverGateway, verdicts: Verdicts): readonly string[] {
  const verdict = Object.hasOwn(verdicts, gateway.name) ? verdicts[gateway.name] : undefined;
  return verdict && judges(verdict, gateway) ? (verdict.drained ?? []) : [];
}
