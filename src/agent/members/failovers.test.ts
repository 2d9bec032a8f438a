import { describe, expect, it } from 'vitest';
import type { HealthEvent } from '../../health/health.ts';
import type { FailoverGateway } from '../../topology/role.ts';
import { type Choice, freshChoice, learnChoice } from './choice.ts';
import { countFailovers, noFailovers } from './failovers.ts';

const gateway: FailoverGateway = {
  name: 'office',
  members: ['gw1', 'gw2'].map((host, index) => ({ host, addresses: [`192.168.50.${index + 2}`] })),
  targets: [],
  policy: { interval: 50, fall: 3, rise: 10, failback: 1000 },
};
const balanced: FailoverGateway = { ...gateway, balance: true };

/** Rounds of probes from a time on, with other events before them. */
function learned(choice: Choice, time: number, silent: string | undefined, ...first: HealthEvent[]): Choice {
  const probes = Array.from({ length: 40 }, (_, round) =>
    ['gw1', 'gw2'].map((member): HealthEvent => ({
      kind: 'sample',
      time: time + round * 50,
      member,
      target: 't',
      ...(member === silent ? {} : { roundTrip: 1 }),
    })),
  ).flat();
  return [...first, ...probes].reduce(
    (now, event) => learnChoice(now, [event], '2026-11-30T12:00:00.000Z').choice,
    choice,
  );
}

describe.each([
  ['one member at a time', gateway],
  ['members that share connections', balanced],
])('countFailovers: %s', (_, kind) => {
  const good = learned(freshChoice(kind, ['gw1', 'gw2'], undefined, 4), 0, undefined);
  const member = 'gw1';

  it('counts nothing while nothing changes', () => {
    expect(countFailovers(noFailovers, good, good)).toBe(noFailovers);
  });

  it.each([
    ['probes', learned(good, 5000, member)],
    ['drained', learned(good, 5000, undefined, { kind: 'drain', time: 5000, member, on: true })],
    [
      'link',
      learned(good, 5000, undefined, { kind: 'signal', time: 5000, member, from: 'link', fault: 'down' }),
    ],
    [
      'refused',
      learned(good, 5000, member, { kind: 'sample', time: 5000, member, target: 't', refused: true }),
    ],
  ])('tells %s', (cause, after) => {
    expect(countFailovers(noFailovers, good, after)).toEqual({ ...noFailovers, [cause]: 1 });
  });

  it('counts the way back, on top of earlier changes', () => {
    const away = learned(good, 5000, member);
    const back = learned(away, 10_000, undefined);
    const counts = countFailovers(noFailovers, good, away);
    expect(countFailovers(counts, away, back)).toEqual({ ...noFailovers, probes: 1, failback: 1 });
  });
});
