/** Runs programs for real: argument vectors only, `LC_ALL=C`, always with a time limit. */
import { type ChildProcess, spawn as spawnPlain } from 'node:child_process';
import { constants } from 'node:os';
import spawn, { SubprocessError } from 'nano-spawn';
import { MustredirectError } from '../error.ts';
import { interruptedError } from './interrupt.ts';
import { missingProgram, programNotFound } from './missing-program.ts';
import type { Exec, Output, RunOptions } from './ports.ts';

const defaultTimeout = 30_000;

/** @param trace called with each command before it runs, for `-v` */
export function createExec(trace: (argv: readonly string[]) => void = () => {}): Exec {
  return {
    async run(argv, options = {}) {
      trace(argv);
      return runProgram(argv, options);
    },
  };
}

async function runProgram(argv: readonly string[], options: RunOptions): Promise<Output> {
  const [file = '', ...args] = argv;
  const { timeout = defaultTimeout, signal } = options;
  if (signal?.aborted) throw interruptedError();
  const running = spawn(file, args, {
    env: { LC_ALL: 'C' },
    // A session of its own: Ctrl-C is for us alone, and we decide which command under way may be cut in the middle.
    detached: true,
    stdin: options.input === undefined ? 'ignore' : { string: options.input },
  });
  // When there is no such program, there is nothing to end either: what went wrong is told below.
  const end = (): void => void running.nodeChildProcess.then(endProgram, () => {});
  // Node's own time limit goes on, and keeps us from ending, when there is no such program.
  const timer = setTimeout(end, timeout);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const { stdout, stderr } = await running;
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    if (signal?.aborted) throw interruptedError();
    return outputOfFailure(argv, error, timeout);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** With all that it has started: a shell that is ended leaves its pipe running, and the pipe keeps its stdout open. */
function endProgram({ pid }: ChildProcess): void {
  if (pid !== undefined)
    spawnPlain('sh', ['-c', 'kill -s TERM -- "-$1"', 'sh', String(pid)], { stdio: 'ignore' });
}

function outputOfFailure(argv: readonly string[], error: unknown, timeout: number): Output {
  if (!(error instanceof SubprocessError)) throw error;
  if (error.exitCode !== undefined) {
    return { exitCode: error.exitCode, stdout: error.stdout, stderr: error.stderr };
  }
  const command = argv.join(' ');
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw missingProgram(argv[0] ?? '', error);
  }
  if (error.durationMs >= timeout) {
    throw new MustredirectError('failed', `${command}: took longer than ${timeout / 1000} s`, {
      cause: error,
    });
  }
  const number = constants.signals[error.signalName as NodeJS.Signals];
  if (number !== undefined) {
    // As a shell says it.
    return { exitCode: 128 + number, stdout: error.stdout, stderr: error.stderr };
  }
  throw new MustredirectError('failed', `${command}: ${error.message}`, { cause: error });
}

/** Runs a program that must succeed and gives its stdout. */
export async function runOrFail(
  exec: Exec,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const output = await exec.run(argv, options);
  if (output.exitCode === 0) return output.stdout;
  throw commandError(argv, output);
}

/** The error of a program that failed, with the exact command and what it said. */
export function commandError(argv: readonly string[], output: Output): MustredirectError {
  const said = output.stderr.trim() || output.stdout.trim();
  const code = /Operation not permitted|Permission denied|must be root/i.test(said)
    ? 'not-permitted'
    : 'failed';
  return new MustredirectError(
    code,
    `${argv.join(' ')}: exit ${output.exitCode}${said ? `: ${said}` : ''}`,
    code === 'not-permitted' ? { hint: 'run it as root, with CAP_NET_ADMIN' } : {},
  );
}

/** The error of a program beside us that has ended too early. */
export function startError(argv: readonly string[], output: Output): MustredirectError {
  return output.exitCode === programNotFound ? missingProgram(argv[0] ?? '') : commandError(argv, output);
}
