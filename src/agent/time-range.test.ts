import { expect, it } from 'vitest';
import { checkOrder, timeRangeOf } from './time-range.ts';

it('a time that ends before it begins is refused, one of the same day is not', () => {
  const [day, later] = ['2026-11-30', '2026-11-30T12:00Z'].map(timeRangeOf);
  expect(() => checkOrder(later, timeRangeOf('2026-11-29Z'))).toThrow('--since is later than --until');
  for (const [since, until] of [
    [later, day],
    [day, day],
    [undefined, day],
    [day, undefined],
  ] as const)
    expect(() => checkOrder(since, until)).not.toThrow();
});
