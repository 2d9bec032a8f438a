/** The choice among members that share connections, as status, verdicts and the log show it. */
import { describe, expect, it } from 'vitest';
import type { HealthEvent } from '../../health/health.ts';
import type { FailoverGateway } from '../../topology/role.ts';
import { type Choice, firstUsed, freshChoice, learnChoice, sharesOf, verdictOf } from './choice.ts';

const gateway: FailoverGateway = {
  name: 'office',
  balance: true,
  members: [
    { host: 'gw1', addresses: ['192.168.50.2'], weight: 2 },
    { host: 'gw2', addresses: ['192.168.50.3'] },
    { host: 'gw3', addresses: ['192.168.50.4', 'fd00:50::4'] },
  ],
  targets: [],
  policy: { interval: 50, fall: 3, rise: 10, failback: 1000 },
};
const hosts = gateway.members.map(({ host }) => host);
const since = '2026-11-29T18:00:00.000Z';

/** Rounds of probes, 50 ms apart, of which those through the silent member are lost. */
function afterRounds(
  before: Choice,
  count: number,
  from: number,
  silent?: string,
): { readonly choice: Choice; readonly changes: readonly string[] } {
  let choice = before;
  const changes: string[] = [];
  for (let i = 0; i < count; i += 1) {
    for (const member of hosts) {
      const answer = member === silent ? {} : { roundTrip: 5 };
      const event: HealthEvent = { kind: 'sample', time: from + i * 50, member, target: 't', ...answer };
      const told = learnChoice(choice, [event], since);
      ({ choice } = told);
      changes.push(...told.changes);
    }
  }
  return { choice, changes };
}

const good = afterRounds(freshChoice(gateway, hosts, undefined, 4), 10, 0).choice;
const shares = (choice: Choice): Record<string, number> =>
  Object.fromEntries([...(sharesOf(gateway, choice) ?? [])].map(([host, share]) => [host, share * 256]));

describe('members that share connections', () => {
  it('have shares by weight, and no verdict while all are in use', () => {
    expect(shares(good)).toEqual({ gw1: 128, gw2: 64, gw3: 64 });
    expect([firstUsed(good), verdictOf(good, 4)]).toEqual(['gw1', undefined]);
  });

  it('one fails: the verdict has it, with when and why, and the log says so', () => {
    const { choice, changes } = afterRounds(good, 3, 1000, 'gw1');
    const why = 'gw1: 1 of 1 targets unreachable: t';
    expect(changes).toEqual([`no longer leaves by gw1: ${why}`]);
    expect(verdictOf(choice, 4)).toEqual({ used: {}, away: { 4: [{ host: 'gw1', since, why }] } });
    expect(firstUsed(choice)).toBe('gw2');
    expect(shares(choice)).toMatchObject({ gw1: 0, gw2: 128, gw3: 128 });
    const back = afterRounds(choice, 40, 2000);
    expect(back.changes).toEqual(['leaves by gw1 as well: it works again']);
    expect(verdictOf(back.choice, 4)).toBeUndefined();
  });

  it('go on with the verdict of an earlier agent', () => {
    const away = { 4: [{ host: 'gw2', since, why: 'gw2: cut' }] };
    const choice = freshChoice(gateway, hosts, { used: {}, away }, 4);
    expect(verdictOf(choice, 4)).toEqual({ used: {}, away });
    expect(verdictOf(freshChoice(gateway, ['gw3'], { used: {}, away: {} }, 6), 6)).toBe(undefined);
  });
});
