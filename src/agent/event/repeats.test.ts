import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentEvent } from './agent-event.ts';
import { type Told, createRepeatCounter } from './repeats.ts';

const failure: AgentEvent = { kind: 'failure', error: 'no nft' };
const report = (network: string, over = false): AgentEvent => ({
  kind: 'report',
  text: `network ${network} is closed`,
  network,
  ...(over ? { over } : {}),
});

/** Events at their times, with a look each 500 ms, and at the end a minute of quiet. */
function toldOf(events: readonly (readonly [at: number, event: AgentEvent])[]) {
  const counter = createRepeatCounter();
  const told: (Told & { readonly at: number })[] = [];
  const take = (at: number, found: readonly Told[]): void =>
    void told.push(...found.map((one) => ({ at, ...one })));
  let looked = 0;
  const lookUntil = (end: number): void => {
    for (; looked <= end; looked += 500) take(looked, counter.due(looked));
  };
  for (const [at, event] of events) {
    lookUntil(at);
    const one = counter.add(event, at);
    if (one) take(at, [one]);
  }
  lookUntil((events.at(-1)?.[0] ?? 0) + 60_000);
  take(looked, counter.rest(looked));
  return told;
}

const timesOf = (told: readonly Told[]): number =>
  told.reduce((total, { repeats }) => total + (repeats?.times ?? 1), 0);

describe('events that repeat', () => {
  it('10,000 of one kind are a few lines with the right count', () => {
    const told = toldOf(Array.from({ length: 10_000 }, (_, i) => [i, failure] as const));
    expect(timesOf(told)).toBe(10_000);
    expect(told.length).toBeLessThanOrEqual(10);
    expect(told.slice(0, 5)).toEqual(
      Array.from({ length: 5 }, (_, at) => ({ at, event: failure, level: 'error' })),
    );
    expect(told[5]?.repeats).toMatchObject({ seconds: expect.closeTo(1, 0) as number });
    expect(told[5]?.repeats).not.toHaveProperty('differing');
  });

  it('10,000 about different things are a few lines each half a minute with the right count', () => {
    const told = toldOf(Array.from({ length: 10_000 }, (_, i) => [i * 10, report(`n${i}`)] as const));
    expect(timesOf(told)).toBe(10_000);
    // 100 s: 50 things in each half minute, and one line of the rest at 1, 3, 7, 15, 30 ... s
    expect(told.length).toBeLessThanOrEqual(4 * 50 + 15);
    expect(told.at(-1)?.repeats).toMatchObject({ differing: true });
  });

  it('a link that flaps is told with its last state, soon after it has settled', () => {
    const flaps = Array.from({ length: 21 }, (_, i) => [i * 100, report('web', i % 2 === 1)] as const);
    const told = toldOf(flaps);
    expect(timesOf(told)).toBe(21);
    expect(told.at(-1)?.event).toEqual(report('web'));
    expect(told.at(-1)?.at).toBeLessThanOrEqual(5000);
  });

  it('a storm has the level of the worst of it, whatever comes last', () => {
    const flaps = Array.from({ length: 20 }, (_, i) => [i * 10, report('web', i % 2 === 1)] as const);
    expect(toldOf(flaps).at(-1)).toMatchObject({ event: report('web', true), level: 'warning' });
  });

  it('one that comes now and then is told each time', () => {
    const told = toldOf(Array.from({ length: 30 }, (_, i) => [i * 40_000, failure] as const));
    expect(told).toHaveLength(30);
    expect(told.filter(({ repeats }) => repeats)).toEqual([]);
  });

  it('a flood of one kind holds nothing else back', () => {
    const flood = Array.from({ length: 1000 }, (_, i) => [i, report(`n${i}`)] as const);
    const told = toldOf([...flood, [1000, failure]]);
    expect(told).toContainEqual({ at: 1000, event: failure, level: 'error' });
  });

  it('none is lost, none is told twice, and the last of each thing is told', () => {
    const event = fc.oneof(
      fc.constant(failure),
      fc.tuple(fc.integer({ min: 0, max: 80 }), fc.boolean()).map(([n, over]) => report(`n${n}`, over)),
    );
    const sequence = fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), event), { maxLength: 400 });
    fc.assert(
      fc.property(sequence, (steps) => {
        let at = 0;
        const events = steps.map(([pause, one]) => [(at += pause), one] as const);
        const told = toldOf(events);
        expect(timesOf(told)).toBe(events.length);
        const lastOfAll = events.slice(-1).map(([, one]) => one);
        expect(told.map((one) => one.event)).toEqual(expect.arrayContaining(lastOfAll));
      }),
    );
  });
});
