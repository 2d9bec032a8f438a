import { expect, it } from 'vitest';
import { mostNodes } from './fleet-file.ts';
import { findLargest } from './largest.ts';

const sample = (nodes: number, seconds: number) => ({
  nodes,
  gateways: 1,
  seconds,
  phases: { 'reading and checking the file': 0, roles: 0, 'wanted states': 0, plans: 0 },
  mebibytes: 1,
  objects: 1,
  steps: 1,
});

it.each([
  [30_000, 30_000],
  [700, 700],
  [1e9, mostNodes],
])('finds that %d nodes fit', async (inLimit, expected) => {
  const [found] = await findLargest(
    ({ nodes }) => Promise.resolve(sample(nodes, (5 * nodes) / inLimit)),
    5,
    1000,
  );
  expect(found?.nodes).toBeLessThanOrEqual(expected);
  expect(found?.nodes).toBeGreaterThan(0.9 * expected);
});

it('takes less when what was found was luck', async () => {
  let asked = 0;
  const measure = ({ nodes }: { nodes: number }) =>
    Promise.resolve(sample(nodes, (asked++ < 12 ? 5 : 6) * (nodes / 4000)));
  const found = await findLargest(measure, 5, 1000);
  expect(found.map(({ seconds }) => seconds < 5)).toEqual([true, true, true]);
});
