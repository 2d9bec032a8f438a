/** Removes parts of a log that are too many, or too old by a clock that can be believed. */
import { type LogLimits, endOfPart } from './names.ts';
import { listParts, removeParts } from './parts.ts';

const [minute, day] = [60_000, 86_400_000];

/**
 * A clock that is wrong for a while, after a step or a start, would make all parts too old: for a day of monotonic time, none
 * is removed by its age then. Parts that are too many are removed all the same.
 */
export function createRemoval(
  folder: string,
  limits: LogLimits,
  { clock, now }: { readonly clock: () => number; readonly now: () => number },
): () => Promise<void> {
  let offset: number | undefined;
  let doubtedUntil = -Infinity;
  return async () => {
    const present = clock() - now();
    const isDoubted =
      offset === undefined
        ? clock() - ((await endOfNewest(folder)) ?? Infinity) > limits.age
        : Math.abs(present - offset) > minute;
    offset = present;
    if (isDoubted) doubtedUntil = now() + day;
    const age = now() < doubtedUntil ? Infinity : limits.age;
    await removeParts(folder, { ...limits, age }, clock());
  };
}

async function endOfNewest(folder: string): Promise<number | undefined> {
  const ends = (await listParts(folder)).flatMap(({ name }) => endOfPart(name) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
}
