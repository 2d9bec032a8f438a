/** Counts lines of a log that cannot be written. */
import type { LogWriterOptions } from './writer-options.ts';

export type Outage = ReturnType<typeof createOutage>;

export function createOutage({
  clock,
  onFailure,
  onRecovery,
}: Pick<LogWriterOptions, 'clock' | 'onFailure' | 'onRecovery'>) {
  let since: number | undefined;
  let lost = 0;
  let unwritten = 0;
  let error: string | undefined;
  const failed = (lines: number, cause: unknown): void => {
    const isFirst = since === undefined || (lost === 0 && lines > 0);
    lost += lines;
    unwritten += lines;
    error = cause instanceof Error ? cause.message : String(cause);
    since ??= clock();
    if (isFirst) onFailure(error, lines);
  };
  return {
    failed,
    failedToPack: (cause: unknown): void => failed(0, cause),
    over(): void {
      if (since === undefined) return;
      const [count, from] = [lost, since];
      [since, lost, error] = [undefined, 0, undefined];
      onRecovery(count, from);
    },
    state: () => ({ unwritten, ...(error === undefined ? {} : { error }) }),
  };
}
