/** Error with additional JSON for `--json`. */
import { type ErrorCode, type ErrorDetails, MustredirectError } from '../../error.ts';

export class ReportedError extends MustredirectError {
  /** added beside `error` in the JSON: problems of the file, or partial results */
  readonly report: object;

  constructor(code: ErrorCode, message: string, details: ErrorDetails, report: object) {
    super(code, message, details);
    this.report = report;
  }
}
