/** A failure in a run. */
import * as fc from 'fast-check';
import type { FakeHost } from '../fake-host/fake-host.ts';

export interface Mishap {
  readonly kind: 'failed' | 'killed';
  /** number of changes to the host or to our state that succeed before */
  readonly after: number;
  /** for a batch: number of lines that take effect */
  readonly afterLine: number;
}

export const mishaps: fc.Arbitrary<Mishap> = fc.record({
  kind: fc.constant('failed'),
  after: fc.nat({ max: 30 }),
  afterLine: fc.nat({ max: 12 }),
});

/** @returns a function that tells which request failed, if any */
export function suffer(host: FakeHost, { kind, after, afterLine }: Mishap): () => string | undefined {
  let count = 0;
  let happened: string | undefined;
  host.failWhen(({ changes, what }) => {
    // Nothing works after a kill.
    if (happened !== undefined) return kind === 'killed' ? { kind } : undefined;
    if (!changes || count++ < after) return undefined;
    happened = what;
    return { kind, afterLine };
  });
  return () => happened;
}
