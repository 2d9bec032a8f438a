/** The one error type of the program, and what each kind of it means for the exit status. */

export type ErrorCode =
  | 'usage' // the command line is wrong
  | 'file' // the file is wrong
  | 'refused' // going on would hurt
  | 'missing-tool' // a program that we need is not installed, or too old
  | 'not-permitted' // no root, no CAP_NET_ADMIN
  | 'busy' // another run holds the lock
  | 'superseded' // another run has changed the host since it was read
  | 'interrupted' // Ctrl-C, or a signal
  | 'failed'; // a command or a check failed

/** DESIGN: 0 done, 1 failed, 2 wrong command line or file, 3 not as the file says, 4 refused. */
const exitStatuses: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  file: 2,
  refused: 4,
  'missing-tool': 4,
  'not-permitted': 4,
  busy: 4,
  superseded: 1,
  interrupted: 1,
  failed: 1,
};

export interface ErrorDetails {
  /** what to do about it, one sentence */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** An error that its reader can act on. Messages are lower case: what, which object. */
export class MustredirectError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'MustredirectError';
    this.code = code;
    this.hint = details.hint;
  }

  get exitStatus(): number {
    return exitStatuses[this.code];
  }
}

/** Marks the rejection as handled: the error is thrown where the promise is awaited, unless another one came first. */
export function markHandled<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
