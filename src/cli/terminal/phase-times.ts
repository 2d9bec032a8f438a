/** Prints the time of each part of the work, one line each: `reading the file: 0.31 s`. */
import type { Progress, Work } from '../../host/progress.ts';

export interface PhaseTimes {
  readonly report: Progress;
  /** ends the last part */
  readonly end: () => void;
}

/** @param pass also receives each report */
export function createPhaseTimes(
  tell: (text: string) => void,
  pass: Progress | undefined,
  now = (): number => performance.now(),
): PhaseTimes {
  let current: { readonly work: Work; readonly since: number } | undefined;
  const end = (): void => {
    if (current) tell(`${current.work.what}: ${((now() - current.since) / 1000).toFixed(2)} s`);
    current = undefined;
  };
  return {
    report(work) {
      end();
      current = { work, since: now() };
      pass?.(work);
    },
    end,
  };
}
