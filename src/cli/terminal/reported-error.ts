/** An error of which a program, with `--json`, is told more than the message. */
import { type ErrorCode, type ErrorDetails, MustredirectError } from '../../error.ts';

export class ReportedError extends MustredirectError {
  /** stands beside `error` in the JSON: the problems of the file, or what was found all the same */
  readonly report: object;

  constructor(code: ErrorCode, message: string, details: ErrorDetails, report: object) {
    super(code, message, details);
    this.report = report;
  }
}
