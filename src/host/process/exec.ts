/** Runs programs: argument vectors only, `LC_ALL=C`, always with a time limit. */
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import spawn, { SubprocessError } from 'nano-spawn';
import { MustredirectError } from '../../error.ts';
import { interruptedError } from './interrupt.ts';
import { killGroup, signalGroup } from './process-group.ts';
import { missingProgram, programNotFound } from './missing-program.ts';
import type { Exec, Output, RunOptions } from '../ports.ts';

const defaultTimeout = 30_000;

export interface Limits {
  /** milliseconds between SIGTERM and SIGKILL */
  readonly grace: number;
  /** limit for characters of stdout and stderr together: 10,000 networks need 20 million */
  readonly output: number;
}
const defaultLimits: Limits = { grace: 2_000, output: 256 * 1024 * 1024 };

/** @param trace called with each command before it runs, for `-v` */
export function createExec(
  trace: (argv: readonly string[]) => void = () => {},
  limits: Limits = defaultLimits,
): Exec {
  return {
    async run(argv, options = {}) {
      trace(argv);
      return runProgram(argv, options, limits);
    },
  };
}

async function runProgram(argv: readonly string[], options: RunOptions, limits: Limits): Promise<Output> {
  const [file = '', ...args] = argv;
  const { timeout = defaultTimeout, signal } = options;
  if (signal?.aborted) throw interruptedError();
  const running = spawn(file, args, {
    env: { LC_ALL: 'C' },
    // A new session: Ctrl-C reaches only us, and we decide which running command may be interrupted.
    detached: true,
    stdin: options.input === undefined ? 'ignore' : { string: options.input },
  });
  // A missing program rejects, which is handled below.
  const started = (then: (child: ChildProcess) => void): void =>
    void running.nodeChildProcess.then(then, () => {});
  let exceeded = false;
  let onUnkillable = (): void => {};
  const unkillable = new Promise<never>((_, reject) => {
    onUnkillable = () =>
      reject(new MustredirectError('failed', `${argv.join(' ')}: does not end, even by SIGKILL`));
  });
  const end = (): void => started((child) => endProgram(child, limits.grace, onUnkillable));
  started((child) => {
    limitOutput(child, limits.output, () => {
      exceeded = true;
      killProgram(child, limits.grace, onUnkillable);
    });
  });
  // Node's own time limit is not used: with a missing program, its timer keeps running and delays our exit.
  const timer = setTimeout(end, timeout);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const { stdout, stderr } = await Promise.race([running, unkillable]);
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    if (signal?.aborted) throw interruptedError();
    if (exceeded) throw outputLimitError(argv, limits.output);
    return outputOfFailure(argv, error, timeout);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** Sends SIGTERM, then SIGKILL, since the program and its children may ignore SIGTERM. */
function endProgram(child: ChildProcess, grace: number, onUnkillable: () => void): void {
  signalGroup(child, 'TERM');
  const timer = setTimeout(() => killProgram(child, grace, onUnkillable), grace);
  child.once('close', () => clearTimeout(timer));
}

/** @param onUnkillable called when SIGKILL has no effect, for example in a system call that hangs */
function killProgram(child: ChildProcess, grace: number, onUnkillable: () => void): void {
  killGroup(child);
  const timer = setTimeout(() => {
    child.unref();
    onUnkillable();
  }, grace);
  child.once('close', () => clearTimeout(timer));
}

function limitOutput(child: ChildProcess, most: number, onExceeded: () => void): void {
  let length = 0;
  const count = (chunk: string): void => {
    const before = length;
    length += chunk.length;
    if (before <= most && length > most) onExceeded();
  };
  child.stdout?.on('data', count);
  child.stderr?.on('data', count);
}

function outputLimitError(argv: readonly string[], most: number): MustredirectError {
  const mebibytes = most / 1024 / 1024;
  const message = `${argv.join(' ')}: printed more than ${mebibytes} MiB, and was ended`;
  return new MustredirectError('failed', message, { hint: 'run the command by hand to see what it prints' });
}

function outputOfFailure(argv: readonly string[], error: unknown, timeout: number): Output {
  if (!(error instanceof SubprocessError)) throw error;
  if (error.durationMs >= timeout) throw timeoutError(argv, timeout, error);
  if (error.exitCode !== undefined) {
    return { exitCode: error.exitCode, stdout: error.stdout, stderr: error.stderr };
  }
  const command = argv.join(' ');
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw missingProgram(argv[0] ?? '', error);
  }
  const number = constants.signals[error.signalName as NodeJS.Signals];
  if (number !== undefined) {
    // Exit status of a shell.
    return { exitCode: 128 + number, stdout: error.stdout, stderr: error.stderr };
  }
  throw new MustredirectError('failed', `${command}: ${error.message}`, { cause: error });
}

function timeoutError(argv: readonly string[], timeout: number, cause: unknown): MustredirectError {
  return new MustredirectError('failed', `${argv.join(' ')}: took longer than ${timeout / 1000} s`, {
    cause,
  });
}

/** Runs a program that must succeed, and returns its stdout. */
export async function runOrFail(
  exec: Exec,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const output = await exec.run(argv, options);
  if (output.exitCode === 0) return output.stdout;
  throw commandError(argv, output);
}

/** Error of a failed program, with the exact command and its output. */
export function commandError(argv: readonly string[], output: Output): MustredirectError {
  const printed = output.stderr.trim() || output.stdout.trim();
  const code = /Operation not permitted|Permission denied|must be root/i.test(printed)
    ? 'not-permitted'
    : 'failed';
  return new MustredirectError(
    code,
    `${argv.join(' ')}: exit ${output.exitCode}${printed ? `: ${printed}` : ''}`,
    code === 'not-permitted' ? { hint: 'run it as root, with CAP_NET_ADMIN' } : {},
  );
}

/** Error of a background program that has ended too early. */
export function startError(argv: readonly string[], output: Output): MustredirectError {
  return output.exitCode === programNotFound ? missingProgram(argv[0] ?? '') : commandError(argv, output);
}
