/** Prints an error and its hint; a stack trace only for internal errors. */
import { CommanderError } from '@commander-js/extra-typings';
import { RefusedError } from '../../apply/run/refuse.ts';
import { type ErrorCode, MustredirectError } from '../../error.ts';
import { wantsJson } from './wants-json.ts';
import { ReportedError } from './reported-error.ts';
import type { Terminal } from './terminal.ts';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exitStatus: number;
}

/**
 * @param argv if it contains `--json`, the error is also printed to stdout as JSON
 * @returns the exit status
 */
export function printError(error: unknown, terminal: Terminal, argv: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
  const failure = failureOf(error);
  tellReasons(error, terminal);
  if (wantsJson(argv)) {
    const { code, message, hint } = failure;
    const report = reportOf(error);
    terminal.print(JSON.stringify({ ...report, error: { code, message, hint } }, null, 2));
  }
  // commander has already printed errors of the command line.
  if (!(error instanceof CommanderError)) tellFailure(failure, terminal);
  return failure.exitStatus;
}

/** Tells each reason of a refusal as an error; the final message has only their number. */
export function tellReasons(error: unknown, terminal: Terminal): void {
  if (!(error instanceof RefusedError) || error.refusals.length === 1) return;
  for (const refusal of error.refusals) tellFailure(refusal, terminal);
}

export function tellFailure({ message, hint }: Pick<Failure, 'message' | 'hint'>, terminal: Terminal): void {
  terminal.tell(message, 'error');
  if (hint !== undefined) terminal.tell(`hint: ${hint}`);
}

function reportOf(error: unknown): object {
  if (error instanceof RefusedError) return { refusals: error.refusals };
  return error instanceof ReportedError ? error.report : {};
}

function failureOf(error: unknown): Failure {
  if (error instanceof MustredirectError) return error;
  if (error instanceof CommanderError) return usageFailure(error);
  const system = error as Partial<NodeJS.ErrnoException> | undefined;
  if (system?.syscall !== undefined) {
    const message = `${system.path ?? system.syscall}: ${system.message ?? ''}`;
    const forbidden = system.code === 'EACCES' || system.code === 'EPERM';
    if (!forbidden) return { code: 'failed', message, exitStatus: 1 };
    return failureOf(new MustredirectError('not-permitted', message, { hint: 'run it as root' }));
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const hint = 'this is a mistake in mustredirect itself; please report it with the lines above';
  return { code: 'failed', message, hint, exitStatus: 1 };
}

function usageFailure({ code, message }: CommanderError): Failure {
  const text = code === 'commander.help' ? 'no command is given' : message.replace(/^error: /, '');
  return { code: 'usage', message: text, hint: 'see --help', exitStatus: 2 };
}
