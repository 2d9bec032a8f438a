/**
 * Long tables run whole with `THOROUGH=1`, and when the leak matrix is written. Otherwise a part of each runs: every row
 * that is of its own kind, and of rows that repeat others with another engine or setting, some.
 */
export const isThorough = process.env['THOROUGH'] === '1' || process.env['LEAK_MATRIX'] === 'write';

/** @param needed whether a row runs always */
export function rowsToRun<T>(rows: readonly T[], needed: (row: T, position: number) => boolean): readonly T[] {
  return isThorough ? rows : rows.filter(needed);
}
