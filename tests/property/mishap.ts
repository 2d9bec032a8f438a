/** One thing that goes wrong in a run. */
import * as fc from 'fast-check';
import type { FakeHost } from '../fake-host/fake-host.ts';

export interface Mishap {
  readonly kind: 'failed' | 'killed';
  /** so many things that change the host, or what we keep of it, go well before */
  readonly after: number;
  /** for a batch: so many of its lines are done */
  readonly afterLine: number;
}

export const mishaps: fc.Arbitrary<Mishap> = fc.record({
  kind: fc.constant('failed'),
  after: fc.nat({ max: 30 }),
  afterLine: fc.nat({ max: 12 }),
});

/** @returns tells what it has happened to, when it has */
export function suffer(host: FakeHost, { kind, after, afterLine }: Mishap): () => string | undefined {
  let count = 0;
  let happened: string | undefined;
  host.failWhen(({ changes, what }) => {
    // Nothing goes on after a kill.
    if (happened !== undefined) return kind === 'killed' ? { kind } : undefined;
    if (!changes || count++ < after) return undefined;
    happened = what;
    return { kind, afterLine };
  });
  return () => happened;
}
