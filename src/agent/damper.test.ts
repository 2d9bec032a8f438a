import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { freshDamper, takeRead } from './damper.ts';

/** Times at which reads begin when one is asked for at each of the given times, one after the other. */
function beginsOf(asked: readonly number[]): number[] {
  let damper = freshDamper(0);
  let free = 0;
  return asked.map((time) => {
    const now = Math.max(time, free);
    const taken = takeRead(damper, now);
    damper = taken.damper;
    free = now + taken.wait;
    return free;
  });
}

it('lets six reads begin at once, then three a second', () => {
  expect(beginsOf(Array.from({ length: 9 }, () => 0))).toEqual([0, 0, 0, 0, 0, 0, 334, 667, 1000]);
});

it('lets a host that takes long to read be read for a third of the time', () => {
  let damper = freshDamper(0);
  const waits = Array.from({ length: 8 }, () => {
    const taken = takeRead(damper, 0, 500);
    ({ damper } = taken);
    return taken.wait;
  });
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 1500, 3000]);
});

it('lets a read begin at once after a pause', () => {
  expect(beginsOf([0, 0, 0, 0, 0, 0, 0, 5000])).toEqual([0, 0, 0, 0, 0, 0, 334, 5000]);
});

it('never lets more than nine reads begin in one second, and never forgets one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }), (times) => {
      const asked = times.toSorted((a, b) => a - b);
      const begins = beginsOf(asked);
      begins.forEach((begin, i) => {
        expect(begin).toBeGreaterThanOrEqual(asked[i] ?? 0);
        expect(begins.filter((other) => other > begin - 1000 && other <= begin).length).toBeLessThanOrEqual(
          9,
        );
      });
    }),
  );
});

it('goes on when the clock is set back', () => {
  const { damper } = takeRead(freshDamper(10_000), 10_000);
  expect(takeRead(damper, 0).wait).toBe(0);
});
