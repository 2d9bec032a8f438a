/** Error for a run that would do harm. */
import type { Refusal } from '../../desired/redirect.ts';
import { MustredirectError } from '../../error.ts';

export class RefusedError extends MustredirectError {
  readonly refusals: readonly Refusal[];

  constructor(refusals: readonly Refusal[]) {
    const [only] = refusals.length === 1 ? refusals : [];
    super('refused', only?.message ?? `refused for ${refusals.length} reasons`, { hint: only?.hint });
    this.refusals = refusals;
  }
}

export function refuse(refusals: readonly Refusal[]): void {
  if (refusals.length > 0) throw new RefusedError(refusals);
}
