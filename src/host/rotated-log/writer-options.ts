/** What a log is written with. */
import type { LogLimits } from './names.ts';

export interface LogWriterOptions {
  /** absolute path; created when it is missing */
  readonly folder: string;
  readonly limits: LogLimits;
  /** milliseconds since 1970 */
  readonly clock: () => number;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** the part that is written has ended, and lines go to another one */
  readonly onPartEnd: () => void;
  /**
   * Lines could not be written, and are gone; or, without lost lines, parts are not packed or removed. Called once for each of
   * the two until lines are written again.
   */
  readonly onFailure: (message: string, lost: number) => void;
  /** lines are written again: how many were lost, and since when */
  readonly onRecovery: (lost: number, since: number) => void;
  /** pending lines have been written */
  readonly onWritten: () => void;
}
