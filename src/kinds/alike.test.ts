import { expect, it } from 'vitest';
import { isAlike } from './alike.ts';

it.each([
  ['keys in another order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
  ['another value', { a: { b: 1 } }, { a: { b: 2 } }, false],
  ['another order of a list', [1, 2], [2, 1], false],
  ['equal maps', new Map([['forward', ['drop']]]), new Map([['forward', ['drop']]]), true],
  ['maps with another value', new Map([['forward', ['drop']]]), new Map([['forward', ['accept']]]), false],
  ['a map and an object', new Map(), {}, false],
])('compares %s', (_, a, b, alike) => {
  expect(isAlike(a, b)).toBe(alike);
});
