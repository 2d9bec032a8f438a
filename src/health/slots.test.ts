import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Weighted, slotCount, slotOwners, slotsByOwner } from './slots.ts';

const hosts = ['gw1', 'gw2', 'gw3', 'gw4', 'gw5'];
const membersOf = (weights: readonly number[]): Weighted[] =>
  weights.map((weight, i) => ({ host: hosts[i] ?? '', weight }));

const anyMembers = fc
  .array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: hosts.length })
  .map(membersOf);
/** Members, and some of them that are in use. */
const anyUse = anyMembers.chain((members) =>
  fc
    .subarray(
      members.map(({ host }) => host),
      { minLength: 1 },
    )
    .map((inUse) => ({ members, inUse })),
);

const countsOf = (members: readonly Weighted[], inUse: readonly string[]): Record<string, number> =>
  Object.fromEntries(slotsByOwner(slotOwners(members, inUse)));

describe('slots', () => {
  it.each([
    [[1, 1], ['gw1', 'gw2'], { gw1: 128, gw2: 128 }],
    [[2, 1], ['gw1', 'gw2'], { gw1: 171, gw2: 85 }],
    [[1, 1, 1], ['gw1', 'gw2', 'gw3'], { gw1: 86, gw2: 85, gw3: 85 }],
    [[1, 1, 1], ['gw1', 'gw3'], { gw1: 129, gw3: 127 }],
    [[100, 1], ['gw1', 'gw2'], { gw1: 253, gw2: 3 }],
    [[1], ['gw1'], { gw1: 256 }],
  ])('weights %j, in use %j', (weights, inUse, counts) => {
    expect(countsOf(membersOf(weights), inUse)).toEqual(counts);
  });

  it('belong to all members when none of those in use is known', () => {
    const members = membersOf([1, 1]);
    expect(slotOwners(members, [])).toEqual(slotOwners(members, ['gw1', 'gw2']));
    expect(slotOwners(members, ['gw9'])).toEqual(slotOwners(members, ['gw1', 'gw2']));
  });

  it('property: every member in use has its share by weight, whichever members are missing', () => {
    fc.assert(
      fc.property(anyUse, ({ members, inUse }) => {
        const counts = countsOf(members, inUse);
        const used = members.filter(({ host }) => inUse.includes(host));
        const total = used.reduce((sum, { weight }) => sum + weight, 0);
        expect(Object.keys(counts).every((host) => inUse.includes(host))).toBe(true);
        for (const { host, weight } of used) {
          // Each set of members that may be left rounds once.
          expect(Math.abs((counts[host] ?? 0) - (slotCount * weight) / total)).toBeLessThan(8);
        }
      }),
    );
  });

  it('property: when a member leaves, its slots alone change, and it gets the same ones back', () => {
    fc.assert(
      fc.property(anyUse, fc.nat(), ({ members, inUse }, pick) => {
        const gone = inUse[pick % inUse.length];
        const left = inUse.filter((host) => host !== gone);
        fc.pre(left.length > 0);
        const before = slotOwners(members, inUse);
        const after = slotOwners(members, left);
        const moved = before.filter((host, slot) => host !== after[slot]);
        expect(moved).toEqual(before.filter((host) => host === gone));
      }),
    );
  });
});
