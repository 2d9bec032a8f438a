/**
 * Long tables run whole with `THOROUGH=1`, and when their page is written. Otherwise a part of each runs: rows of their
 * own kind always, and of rows that repeat others with another engine or setting a share that varies from run to run.
 */
export const isThorough =
  process.env['THOROUGH'] === '1' ||
  process.env['LEAK_MATRIX'] === 'write' ||
  process.env['ENGINE_MATRIX'] === 'write';

/** @param needed whether a row runs always */
export function rowsToRun<T>(rows: readonly T[], needed: (row: T, position: number) => boolean): T[] {
  return isThorough ? [...rows] : rows.filter(needed);
}

/**
 * One of so many rows, beginning with a random one: at least one row.
 *
 * @param always rows that run in any case: without them, the others prove nothing
 */
export function aShareOf<T>(
  rows: readonly T[],
  parts: number = rows.length,
  always: (row: T) => boolean = () => false,
): T[] {
  const every = Math.min(parts, rows.length);
  const first = Math.floor(Math.random() * every);
  return rowsToRun(rows, (row, position) => always(row) || (position + first) % every === 0);
}
