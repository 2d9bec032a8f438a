/** Outage of a path, from the answers to pings at a fixed interval. Pure. */

import { numbersAhead } from '../probe-number.ts';

/** Answers and losses of the pings between two moments. */
export interface Outage {
  readonly sent: number;
  readonly lost: number;
  /** milliseconds of the longest time without an answer, beyond the interval of the pings */
  readonly longest: number;
}

/** One ping: when it was answered, in seconds; absent: it was not. */
export interface Answer {
  readonly number: number;
  readonly at: number;
}

/** @param text output of `ping -D`: `[1795991099.106123] 64 bytes from 203.0.113.10: icmp_seq=7 ttl=62 time=0.05 ms` */
export function readAnswers(text: string): Answer[] {
  const lines = text.matchAll(/^\[([\d.]+)\] \d+ bytes from .*icmp_seq=(\d+) /gm);
  let newest = 0;
  return [...lines].map(([, at, text16]) => {
    const number = newest + numbersAhead(Number(text16), newest);
    newest = Math.max(newest, number);
    return { number, at: Number(at) };
  });
}

/**
 * The pings from one number to another. Both are answered, or nothing is known of what was before or after.
 *
 * @param interval milliseconds between two pings
 */
export function outageBetween(
  answers: readonly Answer[],
  [from, to]: readonly [from: number, to: number],
  interval: number,
): Outage {
  const some = answers
    .filter(({ number }) => number >= from && number <= to)
    .toSorted((a, b) => a.number - b.number);
  const gaps = some.slice(1).map((answer, i) => (answer.at - (some[i]?.at ?? answer.at)) * 1000 - interval);
  const sent = Math.max(0, to - from + 1);
  return { sent, lost: sent - some.length, longest: Math.max(0, Math.round(Math.max(0, ...gaps))) };
}
