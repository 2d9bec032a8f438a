/** Numbers about numbers. */

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return low + (high - low) * (at - Math.floor(at));
}

/**
 * Median of values that were rounded to whole numbers, as if those of each number were spread evenly around it:
 * finer than the rounding, and untouched by the few that are far off.
 */
export function interpolatedMedian(values: readonly number[]): number {
  const middle = Math.round(median(values));
  const below = values.filter((value) => Math.round(value) < middle).length;
  const inside = values.filter((value) => Math.round(value) === middle).length;
  if (inside === 0) return median(values);
  return middle - 0.5 + (values.length / 2 - below) / inside;
}
