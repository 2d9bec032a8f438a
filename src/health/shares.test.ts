import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from './policy.ts';
import { type Shares, freshShares, learnShares } from './shares.ts';

const policy: Policy = { interval: 200, fall: 3, rise: 10, failback: 30_000 };
const hosts = ['gw1', 'gw2', 'gw3'];

/** Rounds of probes, 200 ms apart: one answer, `+` or `-`, of each member. */
function afterRounds(before: Shares, from: number, count: number, answers: string): Shares {
  let shares = before;
  for (let round = 0; round < count; round += 1) {
    for (const [i, member] of hosts.entries()) {
      const roundTrip = answers[i] === '+' ? { roundTrip: 5 } : {};
      const time = from + round * 200;
      shares = learnShares(shares, { kind: 'sample', time, member, target: 't', ...roundTrip });
    }
  }
  return shares;
}

const good = afterRounds(freshShares(policy, hosts), 0, 10, '+++');
const awayIn = ({ away }: Shares): string[] => away.map(({ host }) => host);

describe('members that share connections', () => {
  it('are all of them at the beginning, and while all answer', () => {
    expect(awayIn(freshShares(policy, hosts))).toEqual([]);
    expect(awayIn(good)).toEqual([]);
  });

  it.each([
    ['one fails', '-++', ['gw1']],
    ['two fail', '--+', ['gw1', 'gw2']],
    ['all fail', '---', []],
  ])('%s', (_, answers, away) => {
    expect(awayIn(afterRounds(good, 2000, 10, answers))).toEqual(away);
  });

  it('one leaves with the third lost probe, and says why', () => {
    expect(awayIn(afterRounds(good, 2000, 2, '-++'))).toEqual([]);
    expect(afterRounds(good, 2000, 3, '-++').away).toEqual([
      { host: 'gw1', why: 'gw1: 1 of 1 targets unreachable: t' },
    ]);
  });

  it('one comes back when it has worked for the failback time', () => {
    const left = afterRounds(good, 2000, 10, '-++');
    expect(awayIn(afterRounds(left, 4000, 1 + (1800 + 29_800) / 200, '+++'))).toEqual(['gw1']);
    expect(awayIn(afterRounds(left, 4000, 1 + (1800 + 30_000) / 200, '+++'))).toEqual([]);
  });

  it('one comes back at once when no other one works', () => {
    const left = afterRounds(good, 2000, 10, '-++');
    const back = afterRounds(left, 4000, 12, '+++');
    expect(awayIn(back)).toEqual(['gw1']);
    expect(awayIn(afterRounds(back, 6400, 5, '+--'))).toEqual(['gw2', 'gw3']);
  });

  it('one that is out of use stays so while the others lose single probes', () => {
    const left = afterRounds(afterRounds(good, 2000, 10, '-++'), 4000, 12, '+++');
    expect(awayIn(afterRounds(left, 6400, 2, '+--'))).toEqual(['gw1']);
  });

  it('one that is drained leaves, and comes back at once; the last one stays', () => {
    const drain = (shares: Shares, member: string, on: boolean) =>
      learnShares(shares, { kind: 'drain', time: 60_000, member, on });
    const one = drain(good, 'gw2', true);
    expect(one.away).toEqual([{ host: 'gw2', why: 'gw2 was drained' }]);
    expect(awayIn(drain(one, 'gw2', false))).toEqual([]);
    expect(awayIn(drain(drain(one, 'gw1', true), 'gw3', true))).toHaveLength(2);
  });

  it('members of one link leave together', () => {
    const cut = (member: string) =>
      ({ kind: 'signal', time: 2000, member, from: 'link', fault: 'eth0 is down' }) as const;
    expect(awayIn(learnShares(good, cut('gw1'), cut('gw2')))).toEqual(['gw1', 'gw2']);
    expect(awayIn(learnShares(good, cut('gw1'), cut('gw2'), cut('gw3')))).toEqual([]);
  });

  it('an agent that is started again goes on with those that were out of use', () => {
    const away = [{ host: 'gw2', why: 'gw2: cut' }];
    expect(freshShares(policy, hosts, away).away).toEqual(away);
    expect(awayIn(afterRounds(freshShares(policy, hosts, away), 0, 200, '+++'))).toEqual([]);
    expect(awayIn(freshShares(policy, ['gw2'], away))).toEqual([]);
  });

  it('property: some member is always in use, and all are once the failback time has passed without a fault', () => {
    const outage = fc.record({
      member: fc.nat(hosts.length - 1),
      from: fc.integer({ min: 0, max: 60_000 }),
      lasts: fc.integer({ min: 200, max: 15_000 }),
    });
    let left = 0;
    fc.assert(
      fc.property(fc.array(outage, { minLength: 10, maxLength: 20 }), (outages) => {
        let shares = freshShares(policy, hosts);
        for (let time = 0; time <= 110_000; time += 200) {
          const answers = hosts.map((_, i) =>
            outages.some((o) => o.member === i && time >= o.from && time < o.from + o.lasts) ? '-' : '+',
          );
          shares = afterRounds(shares, time, 1, answers.join(''));
          expect(shares.away.length).toBeLessThan(hosts.length);
          left += shares.away.length;
        }
        expect(awayIn(shares)).toEqual([]);
      }),
      { numRuns: 20 },
    );
    expect(left).toBeGreaterThan(100);
  });
});
