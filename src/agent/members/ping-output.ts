/** Reads the output of `ping -O`: answers, and probes that are lost. Pure, without a clock of its own. */
import { createLineSplitter } from '../../host/process/lines.ts';
import { numbersAhead } from '../probe-number.ts';

/** Round trip in milliseconds; undefined: the probe is lost. */
export type PingSample = { readonly roundTrip: number | undefined };

export interface PingReader {
  /** @param now milliseconds, when the text came */
  read(text: string, now: number): PingSample[];
}

/** An answer that takes this many times as long as the usual one is lost. */
const patience = 3;
/** milliseconds for an answer while no round trip is known, and at most */
const longestWait = 1000;
/** part of a new round trip in the usual one */
const weight = 0.125;

/**
 * ping says that an answer has not come yet when it sends the next probe. Where answers usually take longer than that,
 * they are waited for.
 *
 * @param interval milliseconds between two probes
 */
export function createPingReader(interval: number): PingReader {
  const linesOf = createLineSplitter();
  let usual: number | undefined;
  /** probe -> time at which it is lost */
  const pending = new Map<number, number>();
  let newest = 0;
  /** @returns whether it is newer than all before */
  const advance = (probe: number): boolean => {
    if (numbersAhead(probe, newest) <= 0) return false;
    newest = probe;
    return true;
  };
  const answered = (probe: number, roundTrip: number): PingSample[] => {
    usual = usual === undefined ? roundTrip : usual + (roundTrip - usual) * weight;
    const isNew = advance(probe);
    const known = pending.delete(probe) || isNew;
    // An answer to a probe that has counted as lost already comes too late.
    return known ? [{ roundTrip }] : [];
  };
  const silent = (probe: number, now: number): void => {
    const wait = usual === undefined ? longestWait : Math.min(longestWait, usual * patience);
    pending.set(probe, now + Math.max(0, wait - interval));
    advance(probe);
  };
  const lostAt = (now: number): PingSample[] => {
    const lost = [...pending].filter(([, until]) => until <= now).map(([probe]) => probe);
    for (const probe of lost) pending.delete(probe);
    return lost.map(() => ({ roundTrip: undefined }));
  };
  return {
    read(text, now) {
      return linesOf(text).flatMap((line) => {
        const [, silence] = /^no answer yet for icmp_seq=(\d+)/.exec(line) ?? [];
        if (silence !== undefined) silent(Number(silence), now);
        const [, probe, time] = /icmp_seq=(\d+) .*time=([\d.]+) ms/.exec(line) ?? [];
        const answers = probe === undefined ? [] : answered(Number(probe), Number(time));
        return [...answers, ...lostAt(now)];
      });
    },
  };
}
