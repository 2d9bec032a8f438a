import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Health, type HealthEvent, freshHealth, holdTime, learn, outageDue } from './health.ts';
import type { Policy } from './policy.ts';

const policy: Policy = { interval: 200, fall: 3, rise: 10, failback: 30_000 };
const hosts = ['gw1', 'gw2'];

/** Rounds of probes, 200 ms apart: each member with its answers, `+` or `-` for each target. */
function afterRounds(
  before: Health,
  from: number,
  count: number,
  answers: Readonly<Record<string, string>>,
): Health {
  let health = before;
  for (let round = 0; round < count; round += 1) {
    for (const [member, targets] of Object.entries(answers)) {
      targets.split('').forEach((answer, i) => {
        const time = from + round * 200;
        const roundTrip = answer === '+' ? { roundTrip: 5 } : {};
        health = learn(health, { kind: 'sample', time, member, target: `t${i}`, ...roundTrip });
      });
    }
  }
  return health;
}

const good = afterRounds(freshHealth(policy, hosts), 0, 10, { gw1: '++', gw2: '++' });

describe('a member', () => {
  it.each([
    ['stays while its targets answer', '++', '++', 'gw1'],
    ['stays when one of two targets is dead', '-+', '++', 'gw1'],
    ['stays when one of two targets is dead for all members', '-+', '-+', 'gw1'],
    ['is left when both targets are silent through it', '--', '++', 'gw2'],
    ['is left when the only target that answers anywhere is silent through it', '--', '-+', 'gw2'],
    ['stays when nothing answers through any member', '--', '--', 'gw1'],
    ['stays when two of four targets are dead', '--++', '++++', 'gw1'],
    ['is left when three of four targets are silent', '---+', '++++', 'gw2'],
  ])('%s', (_, gw1, gw2, used) => {
    const start = afterRounds(freshHealth(policy, hosts), 0, 10, {
      gw1: gw1.replaceAll('-', '+'),
      gw2: gw2.replaceAll('-', '+'),
    });
    expect(afterRounds(start, 2000, 10, { gw1, gw2 }).used).toBe(used);
  });

  it('is left with the third lost probe, and says why', () => {
    expect(afterRounds(good, 2000, 2, { gw1: '--', gw2: '++' }).used).toBe('gw1');
    const left = afterRounds(good, 2000, 3, { gw1: '--', gw2: '++' });
    expect(left).toMatchObject({
      used: 'gw2',
      usedSince: 2400,
      why: 'gw1: 2 of 2 targets unreachable: t0 t1',
    });
  });

  it('is left when it loses 3 of 5 probes, and not when it loses 2', () => {
    const one = afterRounds(freshHealth(policy, hosts), 0, 10, { gw1: '+', gw2: '+' });
    const seen = (lost: string): string =>
      lost
        .split('')
        .reduce((health, answer, i) => afterRounds(health, 2000 + i * 200, 1, { gw1: answer, gw2: '+' }), one)
        .used;
    expect(seen('-+-+-')).toBe('gw2');
    expect(seen('-+-++-+-++')).toBe('gw1');
  });

  it('is used again when it has worked for the failback time, counted from the tenth answer', () => {
    const left = afterRounds(good, 2000, 10, { gw1: '--', gw2: '++' });
    const back = (ms: number): string =>
      afterRounds(left, 4000, Math.floor(ms / 200) + 1, { gw1: '++', gw2: '++' }).used;
    expect(back(1800 + 29_800)).toBe('gw2');
    expect(back(1800 + 30_000)).toBe('gw1');
  });

  it('is not used again by itself with failback manual, until the other one fails', () => {
    const manual = { ...good, policy: { ...policy, failback: 'manual' as const } };
    const left = afterRounds(manual, 2000, 10, { gw1: '--', gw2: '++' });
    const back = afterRounds(left, 4000, 1000, { gw1: '++', gw2: '++' });
    expect(back.used).toBe('gw2');
    expect(afterRounds(back, 204_000, 3, { gw1: '++', gw2: '--' }).used).toBe('gw1');
  });

  it('is left at once when its link goes, before a probe is lost', () => {
    const time = 2000;
    const cut = learn(good, {
      kind: 'signal',
      time,
      member: 'gw1',
      from: 'link',
      fault: 'eth0 has no carrier',
    });
    expect(cut).toMatchObject({ used: 'gw2', why: 'gw1: eth0 has no carrier' });
    const back = learn(cut, { kind: 'signal', time: 2100, member: 'gw1', from: 'link' });
    expect(back.members[0]).toMatchObject({ state: 'unknown', since: 2100 });
    expect(back.used).toBe('gw2');
    expect(learn(back, { kind: 'tick', time: 900_000 }).used).toBe('gw2');
    expect(afterRounds(back, 3000, 1, { gw1: '++', gw2: '++' }).members[0]).toMatchObject({ state: 'up' });
  });

  it('is left with the first probe to most targets for which it says itself that it has no way', () => {
    const refused = { kind: 'sample', time: 2000, member: 'gw1', refused: true } as const;
    const one = learn(good, { ...refused, target: 't0' });
    expect(one.used).toBe('gw1');
    const both = learn(one, { ...refused, target: 't1' });
    expect(both).toMatchObject({
      used: 'gw2',
      why: 'gw1: 2 of 2 targets unreachable, as it says itself: t0 t1',
    });
    // The kernel limits such errors: the next probes are only lost.
    expect(afterRounds(both, 2200, 5, { gw1: '--' }).members[0]?.fault).toContain('as it says itself');
    expect(afterRounds(both, 2200, 9, { gw1: '++' }).members[0]).toMatchObject({ state: 'down' });
    expect(afterRounds(both, 2200, 10, { gw1: '++' }).members[0]).toMatchObject({ state: 'up' });
  });

  it('stays when it has no way to a target that no other member reaches', () => {
    const dead = afterRounds(good, 2000, 10, { gw2: '-+' });
    const refused = { kind: 'sample', time: 9000, member: 'gw1', target: 't0', refused: true } as const;
    expect(learn(dead, refused).used).toBe('gw1');
  });

  it('is left when it is drained, and used again after the failback time when it is not', () => {
    const drained = learn(good, { kind: 'drain', time: 2000, member: 'gw1', on: true });
    expect(drained).toMatchObject({ used: 'gw2', why: 'gw1 was drained' });
    const later = learn(drained, { kind: 'tick', time: 90_000 });
    expect(later.used).toBe('gw2');
    const back = learn(later, { kind: 'drain', time: 91_000, member: 'gw1', on: false });
    expect(back.used).toBe('gw1');
  });

  it('is chosen at the beginning while nothing is known of any, and goes on when the agent starts again', () => {
    expect(freshHealth(policy, hosts).used).toBe('gw1');
    expect(afterRounds(freshHealth(policy, hosts, 'gw2'), 0, 20, { gw1: '--', gw2: '++' }).used).toBe('gw2');
  });

  it('is not judged without samples: a dead prober is not a dead path', () => {
    expect(learn(good, { kind: 'tick', time: 3_600_000 })).toMatchObject({ used: 'gw1' });
  });
});

describe('an outage of all members', () => {
  const cut = (health: Health, from: number, rounds: number): Health =>
    afterRounds(health, from, rounds, { gw1: '--', gw2: '--' });

  it('begins when no member has worked for the hold time, and says why', () => {
    // Both have failed at 2400.
    const failed = cut(good, 2000, 3);
    expect(failed.members.map(({ state }) => state)).toEqual(['down', 'down']);
    expect(outageDue(failed)).toBe(4400);
    expect(cut(failed, 2600, 9).outage).toBeUndefined();
    expect(cut(failed, 2600, 10)).toMatchObject({
      outage:
        'no member works: gw1: 2 of 2 targets unreachable: t0 t1; gw2: 2 of 2 targets unreachable: t0 t1',
      outageSince: 4400,
      used: 'gw1',
    });
    // Also where nothing is probed.
    expect(learn(failed, { kind: 'tick', time: 4400 }).outage).toBeDefined();
  });

  it('does not begin while one of them works, is not judged yet, or only one target is dead', () => {
    const after = (answers: Readonly<Record<string, string>>): Health =>
      afterRounds(good, 2000, 100, answers);
    expect(after({ gw1: '--', gw2: '++' }).outage).toBeUndefined();
    expect(after({ gw1: '-+', gw2: '-+' }).outage).toBeUndefined();
    expect(after({ gw1: '--' }).outage).toBeUndefined();
    const begun = afterRounds(freshHealth(policy, hosts), 0, 200, { gw1: '--' });
    expect([begun.members[1]?.state, begun.outage]).toEqual(['unknown', undefined]);
    expect(learn(good, { kind: 'tick', time: 900_000 }).outage).toBeUndefined();
  });

  it('counts a drained member that works: it could be given back', () => {
    const drained = learn(good, { kind: 'drain', time: 2000, member: 'gw1', on: true });
    expect(afterRounds(drained, 2000, 100, { gw1: '++', gw2: '--' }).outage).toBeUndefined();
    expect(cut(drained, 2000, 100).outage).toBeDefined();
  });

  it('waits 30 s for the first member at the beginning: at boot, links come up late', () => {
    const fresh = cut(freshHealth(policy, hosts), 0, 100);
    expect(outageDue(fresh)).toBe(30_400);
    expect(fresh.outage).toBeUndefined();
    expect(learn(fresh, { kind: 'tick', time: 30_400 }).outage).toBeDefined();
    const worked = afterRounds(fresh, 20_000, 20, { gw1: '++' });
    expect(outageDue(cut(worked, 24_000, 3))).toBe(26_400);
  });

  it('ends when a member works, at the earliest after the hold time', () => {
    const out = cut(good, 2000, 100);
    const back = (rounds: number): Health => afterRounds(out, 22_000, rounds, { gw1: '--', gw2: '++' });
    expect(back(9).outage).toBeDefined();
    expect(back(10)).toMatchObject({ used: 'gw2', outageSince: 23_800 });
    expect(back(10)).not.toHaveProperty('outage');
  });

  it('goes on when the agent starts again, until a member works', () => {
    const again = freshHealth(policy, hosts, 'gw1', 'no member works');
    expect(learn(again, { kind: 'tick', time: 0 }).outage).toBe('no member works');
    expect(cut(again, 0, 100).outage).toBe('no member works');
    expect(afterRounds(again, 0, 1, { gw2: '++' })).not.toHaveProperty('outage');
  });
});

/** Outages of members, in milliseconds; a member works outside of them. */
type Outages = readonly { readonly member: string; readonly from: number; readonly lasts: number }[];

interface Run {
  readonly health: Health;
  readonly changes: readonly { readonly time: number; readonly to: string }[];
}

/** Probes every 200 ms for some time. */
function simulate(members: readonly string[], outages: Outages, until: number): Run {
  let health = freshHealth(policy, members);
  const changes: { time: number; to: string }[] = [];
  for (let time = 0; time <= until; time += 200) {
    for (const member of members) {
      const dead = outages.some(
        (one) => one.member === member && time >= one.from && time < one.from + one.lasts,
      );
      const event: HealthEvent = {
        kind: 'sample',
        time,
        member,
        target: 't',
        ...(dead ? {} : { roundTrip: 5 }),
      };
      const { used } = health;
      health = learn(health, event);
      if (health.used !== used) changes.push({ time, to: health.used });
    }
  }
  return { health, changes };
}

/** milliseconds: the last outage ends at 165 s, then come rise, failback and hold */
const simulated = 202_000;

describe('whatever happens', () => {
  const anyEvent: fc.Arbitrary<HealthEvent> = fc
    .record({
      member: fc.constantFrom('gw1', 'gw2', 'gw3'),
      what: fc.constantFrom('answer', 'loss', 'loss', 'refusal', 'cut', 'mended', 'drain', 'undrain', 'tick'),
      target: fc.constantFrom('t0', 't1'),
    })
    .map(({ member, what, target }): HealthEvent => {
      const time = 0;
      switch (what) {
        case 'answer':
          return { kind: 'sample', time, member, target, roundTrip: 1 };
        case 'loss':
          return { kind: 'sample', time, member, target };
        case 'refusal':
          return { kind: 'sample', time, member, target, refused: true };
        case 'cut':
          return { kind: 'signal', time, member, from: 'link', fault: 'cut' };
        case 'mended':
          return { kind: 'signal', time, member, from: 'link' };
        case 'drain':
        case 'undrain':
          return { kind: 'drain', time, member, on: what === 'drain' };
        case 'tick':
          return { kind: 'tick', time };
      }
    });

  const allCut: readonly (readonly [HealthEvent, number])[] = [
    ...['gw1', 'gw2', 'gw3'].map(
      (member) => [{ kind: 'signal', time: 0, member, from: 'link', fault: 'cut' }, 0] as const,
    ),
    [{ kind: 'tick', time: 0 }, 31_000],
  ];

  it('the member in use changes at most once in a hold time, and only to one that is not known to fail', () => {
    const events = fc.array(fc.tuple(anyEvent, fc.integer({ min: 0, max: 900 })), { maxLength: 300 });
    fc.assert(
      fc.property(events, (list) => {
        let health = freshHealth(policy, ['gw1', 'gw2', 'gw3']);
        let time = 0;
        let last = -Infinity;
        for (const [event, pause] of list) {
          time += pause;
          const { used } = health;
          health = learn(health, { ...event, time });
          if (health.used === used) continue;
          expect(time - last).toBeGreaterThanOrEqual(holdTime(policy));
          expect(health.members.find(({ host }) => host === health.used)?.state).not.toBe('down');
          last = time;
        }
      }),
    );
  });

  it('an outage begins only while all members have failed, ends only while one works, and lasts for the hold time', () => {
    const events = fc.array(fc.tuple(anyEvent, fc.integer({ min: 0, max: 900 })), { maxLength: 300 });
    let begun = 0;
    fc.assert(
      fc.property(events, (list) => {
        let health = freshHealth(policy, ['gw1', 'gw2', 'gw3']);
        let time = 0;
        let last = -Infinity;
        for (const [event, pause] of [...list, ...allCut, ...list]) {
          time += pause;
          const { outage } = health;
          health = learn(health, { ...event, time });
          const states = new Set(health.members.map(({ state }) => state));
          if (health.outage === outage) continue;
          const ends = health.outage === undefined;
          expect(ends ? states.has('up') : [...states].join()).toBe(ends ? true : 'down');
          expect(time - last).toBeGreaterThanOrEqual(holdTime(policy));
          begun += health.outage === undefined ? 0 : 1;
          last = time;
        }
      }),
    );
    expect(begun).toBeGreaterThan(50);
  });

  it('a member that works is found within the hold time and five probes, in 1,000 random outages', () => {
    const members = ['gw1', 'gw2', 'gw3'];
    const outage = fc.record({
      member: fc.constantFrom(...members),
      from: fc.integer({ min: 0, max: 150_000 }),
      lasts: fc.integer({ min: 200, max: 15_000 }),
    });
    let seen = 0;
    let failovers = 0;
    fc.assert(
      fc.property(fc.array(outage, { minLength: 50, maxLength: 50 }), (outages) => {
        seen += outages.length;
        const { health, changes } = simulate(members, outages, simulated);
        failovers += changes.length;
        // All outages have ended by 165 s: after the failback time the first member is used.
        expect(health.used).toBe('gw1');
        expect(health.members.every(({ state }) => state === 'up')).toBe(true);
        const hold = holdTime(policy);
        for (const [i, { time, to }] of changes.entries()) {
          expect(time - (changes[i - 1]?.time ?? -Infinity)).toBeGreaterThanOrEqual(hold);
          expect(to).not.toBe(changes[i - 1]?.to);
        }
        // Three lost probes among the last five: an answer between them from before an outage makes it five.
        const found = hold + policy.interval * (2 * policy.fall - 1);
        expect(longestOnDead(members, outages, changes)).toBeLessThanOrEqual(found);
      }),
      { numRuns: 20 },
    );
    expect(seen).toBeGreaterThanOrEqual(1000);
    expect(failovers).toBeGreaterThan(100);
  });
});

/** Longest time, in ms, for which a dead member was used while another one had worked for longer than it takes to rise. */
function longestOnDead(members: readonly string[], outages: Outages, changes: Run['changes']): number {
  const isDead = (member: string, time: number): boolean =>
    outages.some((one) => one.member === member && time >= one.from && time < one.from + one.lasts);
  /** answered for the whole time that it takes to count as working again */
  const works = (member: string, time: number): boolean => {
    for (let at = Math.max(0, time - 3000); at <= time; at += 200) if (isDead(member, at)) return false;
    return true;
  };
  let [worst, now, used] = [0, 0, members[0] ?? ''];
  for (let time = 0; time <= simulated; time += 200) {
    used = changes.findLast((change) => change.time <= time)?.to ?? used;
    const avoidable = isDead(used, time) && members.some((other) => other !== used && works(other, time));
    now = avoidable ? now + 200 : 0;
    worst = Math.max(worst, now);
  }
  return worst;
}
