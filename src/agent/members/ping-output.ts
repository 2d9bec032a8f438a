/** Reads the output of `ping -O`: answers, and probes that are lost. Pure, without a clock of its own. */
import { type Address, parseAddress } from '../../address/cidr.ts';
import { createLineSplitter } from '../../host/process/lines.ts';
import { numbersAhead } from '../probe-number.ts';

export interface PingSample {
  /** milliseconds; undefined: the probe is lost */
  readonly roundTrip: number | undefined;
  /** of an answer of the member itself */
  readonly ttl?: number;
  /** the member itself says that it has no way to the target */
  readonly refused?: true;
}

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
 * ping sends one probe after the other, and says of each what came, or that nothing came yet. A number that is further
 * ahead was never sent: the packet is somebody else's.
 */
const aheadAtMost = 16;

/**
 * ping says that an answer has not come yet when it sends the next probe. Where answers usually take longer than that,
 * they are waited for.
 *
 * ping takes an answer from any address: those of others than the target do not count, or a container, which may send
 * what it likes from its own address, could speak for the target.
 *
 * @param interval milliseconds between two probes
 * @param target address that is pinged
 * @param member addresses of the member that the probes go through
 */
export function createPingReader(
  interval: number,
  target: Address,
  member: readonly Address[] = [],
): PingReader {
  const linesOf = createLineSplitter();
  const counting = createCounting(interval, member);
  return {
    read(text, now) {
      return linesOf(text).flatMap((line) => {
        const [, silence] = /^no answer yet for icmp_seq=(\d+)/.exec(line) ?? [];
        if (silence !== undefined) counting.silent(Number(silence), now);
        const answer = answerOf(line);
        const [, from, error] = noWay.exec(line) ?? [];
        return [
          ...(answer?.from === target ? counting.answered(answer) : []),
          ...(error === undefined ? [] : counting.refused(Number(error), addressOf(from))),
          ...counting.lostAt(now),
        ];
      });
    },
  };
}

/** Counts each probe once. */
function createCounting(interval: number, member: readonly Address[]) {
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
  /** Whether nothing has been counted for a probe. What comes for one that has counted as lost comes too late. */
  const isOpen = (probe: number): boolean => {
    const isNew = advance(probe);
    return pending.delete(probe) || isNew;
  };
  const wasSent = (probe: number): boolean => numbersAhead(probe, newest) <= aheadAtMost;
  return {
    answered({ probe, from, roundTrip, ttl }: Answer): PingSample[] {
      if (!wasSent(probe)) return [];
      usual = usual === undefined ? roundTrip : usual + (roundTrip - usual) * weight;
      if (!isOpen(probe)) return [];
      return [member.includes(from) && ttl !== undefined ? { roundTrip, ttl } : { roundTrip }];
    },
    refused: (probe: number, from: Address): PingSample[] =>
      member.includes(from) && wasSent(probe) && isOpen(probe)
        ? [{ roundTrip: undefined, refused: true }]
        : [],
    silent(probe: number, now: number): void {
      // ping says it of a probe that an error has come for, too.
      if (!advance(probe)) return;
      const wait = usual === undefined ? longestWait : Math.min(longestWait, usual * patience);
      pending.set(probe, now + Math.max(0, wait - interval));
    },
    lostAt(now: number): PingSample[] {
      const lost = [...pending].filter(([, until]) => until <= now).map(([probe]) => probe);
      for (const probe of lost) pending.delete(probe);
      return lost.map(() => ({ roundTrip: undefined }));
    },
  };
}

/**
 * The kernel of a member without a route sends these for each packet, at first; later ones are limited. Errors with other
 * words are those of filters.
 */
const noWay =
  /^From (\S+?):? icmp_seq=(\d+) Destination (?:Host Unreachable|Net Unreachable|unreachable: No route|unreachable: Address unreachable)/;

interface Answer {
  readonly probe: number;
  readonly from: Address;
  readonly roundTrip: number;
  readonly ttl: number | undefined;
}

/** `64 bytes from 1.1.1.1: icmp_seq=1 ttl=64 time=0.103 ms` */
function answerOf(line: string): Answer | undefined {
  const [, from, probe, time] = /from (\S+): icmp_seq=(\d+) .*time=([\d.]+) ms/.exec(line) ?? [];
  const [, ttl] = / ttl=(\d+) /.exec(line) ?? [];
  if (probe === undefined) return undefined;
  return {
    probe: Number(probe),
    from: addressOf(from),
    roundTrip: Number(time),
    ttl: ttl === undefined ? undefined : Number(ttl),
  };
}

function addressOf(text = ''): Address {
  const found = parseAddress(text);
  return typeof found === 'string' ? found : text;
}
