/** Interruption of running work by the user. */
import { setImmediate as turn } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import type { Exec, Host } from '../ports.ts';

/** Ends the programs that run, and starts no more. For those only that may be cut anywhere. */
export function interruptibleExec(exec: Exec, signal: AbortSignal | undefined): Exec {
  return signal ? { run: (argv, options) => exec.run(argv, { ...options, signal }) } : exec;
}

export function interruptibleHost<T extends Host>(host: T, signal: AbortSignal | undefined): T {
  return signal ? { ...host, exec: interruptibleExec(host.exec, signal) } : host;
}

/**
 * Between two long computations: a signal that came meanwhile waits for the event loop, where what is at hand comes first,
 * and only the next round asks for signals.
 */
export async function hearSignals(): Promise<void> {
  await turn();
  await turn();
}

export async function stopIfInterrupted(signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return;
  await hearSignals();
  if (signal.aborted) throw interruptedError();
}

export function interruptedError(): MustredirectError {
  return new MustredirectError('interrupted', 'interrupted');
}

export function isInterruption(error: unknown): boolean {
  return error instanceof MustredirectError && error.code === 'interrupted';
}
