/** Files of a log: the one that is written, and earlier parts, which are named after the time of their end. Pure. */

export const currentName = 'current.jsonl';
const part = '.jsonl';
const packed = '.jsonl.gz';
/** of a part that is being packed */
export const unfinished = '.tmp';

/** @param end milliseconds since 1970 */
export function partName(end: number): string {
  return `${new Date(end).toISOString().replaceAll(':', '-')}${part}`;
}

export function packedName(name: string): string {
  return `${name}.gz`;
}

export function isPacked(name: string): boolean {
  return name.endsWith(packed);
}

/** Time of the end of an earlier part; undefined for any other file. */
export function endOfPart(name: string): number | undefined {
  const [, date, hours, minutes, seconds] =
    /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2}\.\d{3})Z\.jsonl(?:\.gz)?$/.exec(name) ?? [];
  const time = Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(time) ? undefined : time;
}

export interface LogLimits {
  /** bytes on disk */
  readonly size: number;
  /** milliseconds */
  readonly age: number;
}

export interface Part {
  readonly name: string;
  /** bytes */
  readonly size: number;
}

const mebibyte = 1024 ** 2;
const day = 86_400_000;

/** Bytes, and milliseconds, after which another part begins. Small parts are lost less at a time, large ones pack better. */
export function partLimits({ size, age }: LogLimits): LogLimits {
  return { size: Math.min(size / 8, 64 * mebibyte), age: Math.min(age / 8, day) };
}

/**
 * Names of parts that are too old, or too many. The part that is written, and a packed copy of the last one, which exists
 * beside it for a moment, have room as well.
 *
 * @param parts earlier parts
 * @param now milliseconds since 1970
 */
export function partsToRemove(parts: readonly Part[], limits: LogLimits, now: number): string[] {
  const room = limits.size - 2 * partLimits(limits).size;
  const newestFirst = parts
    .flatMap(({ name, size }) => {
      const end = endOfPart(name);
      return end === undefined ? [] : [{ name, size, end }];
    })
    .sort((a, b) => b.end - a.end);
  let used = 0;
  return newestFirst.flatMap(({ name, size, end }) => {
    used += size;
    return used > room || now - end > limits.age ? [name] : [];
  });
}
