import { expect, it } from 'vitest';
import { createProbeCounts } from './probe-counts.ts';
import type { Probe } from './wanted-probes.ts';

const probe = (member: string): Probe => ({
  gateway: 'office',
  family: 4,
  member,
  target: '203.0.113.10',
  interval: 100,
  addresses: [],
  argv: ['ping'],
});

it('counts probes and lost ones from 0, and forgets what is no longer probed', () => {
  const counts = createProbeCounts();
  counts.follow([probe('gw1'), probe('gw2')]);
  counts.sample(probe('gw1'), { roundTrip: 1 });
  counts.sample(probe('gw1'), { roundTrip: undefined });
  const { interval: _, argv: __, addresses: ___, ...labels } = probe('gw1');
  const unused = { ...labels, member: 'gw2', probes: 0, lost: 0 };
  expect(counts.counts()).toEqual([{ ...labels, probes: 2, lost: 1 }, unused]);
  counts.follow([probe('gw2')]);
  counts.sample(probe('gw1'), { roundTrip: 1 });
  expect(counts.counts()).toEqual([unused]);
});
