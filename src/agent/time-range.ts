/** Times in questions to logs. Pure. */
import { MustredirectError } from '../error.ts';

/** First and last millisecond since 1970. */
export interface TimeRange {
  readonly from: number;
  readonly until: number;
}

const timePattern =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?(Z|[+-]\d{2}:\d{2})?$/;
const [second, minute, day] = [1000, 60_000, 86_400_000];

/**
 * A time as text, and all that it may mean: `2026-11-30T03:14` is a whole minute. Without `Z` or an offset, it is a time of
 * this host's time zone.
 */
export function timeRangeOf(text: string): TimeRange | undefined {
  const [, date, time, seconds, fraction = '', zone = ''] = timePattern.exec(text) ?? [];
  if (date === undefined) return undefined;
  const whole = `${date}T${time ?? '00:00'}:${seconds ?? '00'}.${fraction.padEnd(3, '0')}${zone}`;
  const from = Date.parse(whole);
  if (Number.isNaN(from)) return undefined;
  const length =
    time === undefined
      ? day
      : seconds === undefined
        ? minute
        : second / (fraction === '' ? 1 : 10 ** fraction.length);
  return { from, until: from + length - 1 };
}

/** @throws `usage`: the time would end before it begins */
export function checkOrder(since: TimeRange | undefined, until: TimeRange | undefined): void {
  if (!since || !until || since.from <= until.until) return;
  const [from, to] = [since.from, until.until].map((time) => new Date(time).toISOString());
  throw new MustredirectError('usage', `--since is later than --until: ${from} and ${to}`, {
    hint: 'exchange them, or leave one out',
  });
}
