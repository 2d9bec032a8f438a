/** A file that was refused, or could not be applied: what was applied before it stays in force until it changes. Pure. */
import type { Applied, Source } from '../apply/history.ts';
import { MustredirectError } from '../error.ts';
import { RefusedError } from '../apply/run/refuse.ts';
import type { InForce } from './in-force.ts';
import type { Reading } from './reading.ts';

export interface Rejected {
  readonly hash: string;
  readonly problem: string;
  /** when it is tried again, in case that something else was the reason */
  readonly until: number;
}

/** milliseconds */
const rejectedTime = 300_000;

export function rejectedFor({ file, hash }: Source, error: unknown, now: number): Rejected {
  const message =
    error instanceof RefusedError
      ? error.refusals.map((one) => one.message).join('; ')
      : error instanceof Error
        ? error.message
        : String(error);
  return { hash, problem: `${file}: ${message}`, until: now + rejectedTime };
}

export function withoutRejected(
  inForce: Extract<InForce, { kind: 'file' }>,
  applied: Applied | undefined,
  rejected: Rejected | undefined,
  now: number,
): Pick<Extract<InForce, { kind: 'file' }>, 'source' | 'problem'> {
  if (!applied || inForce.source.hash !== rejected?.hash || now >= rejected.until) return inForce;
  return { source: applied, problem: rejected.problem };
}

/** @param reject called when its repair fails because of the file */
export function rejecting(reading: Reading, reject: (error: unknown) => void): Reading {
  if (reading.kind === 'rest') return reading;
  return {
    ...reading,
    async repair() {
      try {
        return await reading.repair();
      } catch (error) {
        // A lock that another run has for long, or the end of the agent, says nothing about the file.
        const isOfFile =
          !(error instanceof MustredirectError) || !['busy', 'interrupted'].includes(error.code);
        if (isOfFile) reject(error);
        throw error;
      }
    },
  };
}
