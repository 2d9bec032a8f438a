import { describe, expect, it } from 'vitest';
import { createProbers } from './probers.ts';
import type { Probe } from './wanted-probes.ts';

const probeOf = (target: string, question?: true): Probe => ({
  gateway: 'office',
  family: 4,
  member: 'gw1',
  addresses: ['192.168.50.2'],
  target,
  interval: 200,
  argv: ['ping', ...(question ? ['-s', '72'] : []), target],
  ...(question ? { question } : {}),
});
const many = (count: number, question?: true): Probe[] =>
  Array.from({ length: count }, (_, index) => probeOf(`10.0.${index >> 8}.${index & 255}`, question));

function followed(probes: readonly Probe[]) {
  const started: string[] = [];
  const end = new AbortController();
  const ports = {
    now: () => 0,
    sleep: () => Promise.resolve(),
    start: (argv: readonly string[]) => {
      started.push(argv.join(' '));
      return Promise.resolve({ ended: new Promise<string>(() => {}), stop() {} });
    },
  };
  const probers = createProbers(ports, { sample() {}, emit() {} }, end.signal);
  probers.follow(probes);
  const left = probers.failed().filter(({ error }) => error?.startsWith('it sends 200 at most'));
  end.abort();
  return { started, left: left.map(({ what }) => what) };
}

describe('beyond the limit of pings', () => {
  it('questions to members are sent, and probes are left out and named', () => {
    const { started, left } = followed([...many(230), ...many(6, true)]);
    expect(started).toHaveLength(200);
    expect(started.filter((argv) => argv.includes('-s 72'))).toHaveLength(6);
    expect(left).toEqual(['probes for 36 more pairs of member and target']);
  });

  it('questions that are left out are named, too', () => {
    expect(followed([...many(10), ...many(203, true)]).left).toEqual([
      'questions to 3 more addresses of members, whether they are drained, and probes for 10 more pairs of member and target',
    ]);
  });

  it('begins after 200', () => {
    expect(followed([...many(190), ...many(10, true)]).left).toEqual([]);
  });
});
