import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOfPart, packedName, partLimits, partName, partsToRemove } from './names.ts';

const mebibyte = 1024 ** 2;
const hour = 3_600_000;
const now = Date.parse('2026-11-30T12:00:00Z');
const limits = { size: 16 * mebibyte, age: 24 * hour };

describe('the name of a part', () => {
  it('is the time of its end', () => {
    const end = Date.parse('2026-11-30T03:14:05.067Z');
    expect(partName(end)).toBe('2026-11-30T03-14-05.067Z.jsonl');
    expect(endOfPart(partName(end))).toBe(end);
    expect(endOfPart(packedName(partName(end)))).toBe(end);
  });

  it.each(['current.jsonl', '2026-11-30T03-14-05.067Z.jsonl.gz.tmp', 'x', '2026-13-30T03-14-05.067Z.jsonl'])(
    'is not %s',
    (name) => expect(endOfPart(name)).toBeUndefined(),
  );
});

it('a part is small enough that eight are kept, and at most 64 MiB and a day', () => {
  expect(partLimits(limits)).toEqual({ size: 2 * mebibyte, age: 3 * hour });
  expect(partLimits({ size: 1024 ** 4, age: 365 * 24 * hour })).toEqual({
    size: 64 * mebibyte,
    age: 24 * hour,
  });
});

describe('parts that are removed', () => {
  const part = (hoursAgo: number, size: number) => ({ name: partName(now - hoursAgo * hour), size });

  it('are too old', () => {
    const parts = [part(25, 1), part(23, 1), { name: 'current.jsonl', size: 1 }, { name: 'notes', size: 1 }];
    expect(partsToRemove(parts, limits, now)).toEqual([parts[0]?.name]);
  });

  it('are the oldest ones when there are too many; two parts have room beside them', () => {
    const parts = [4, 3, 2, 1].map((hoursAgo) => part(hoursAgo, 4 * mebibyte));
    expect(partsToRemove(parts, limits, now)).toEqual([parts[0]?.name]);
  });

  it('leave the newest ones that have room, and no other', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 6 * mebibyte }), { maxLength: 20 });
    fc.assert(
      fc.property(sizes, (list) => {
        const parts = list.map((size, index) => part(index, size));
        const removed = partsToRemove(parts, limits, now);
        const kept = parts.filter(({ name }) => !removed.includes(name));
        expect(kept).toEqual(parts.slice(0, kept.length));
        const room = limits.size - 2 * partLimits(limits).size;
        const total = (some: typeof parts): number => some.reduce((sum, { size }) => sum + size, 0);
        expect(total(kept)).toBeLessThanOrEqual(room);
        const hasRoomForMore = total(parts.slice(0, kept.length + 1)) <= room;
        expect(hasRoomForMore && kept.length < parts.length).toBe(false);
      }),
    );
  });
});
