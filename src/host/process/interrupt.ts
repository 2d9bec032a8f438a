/** Interruption of running work by the user. */
import { setImmediate as nextRound } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import type { Exec, Host } from '../ports.ts';

/**
 * Aborts running programs on the signal, and starts no new ones. Only for programs that may be interrupted anywhere.
 */
export function interruptibleExec(exec: Exec, signal: AbortSignal | undefined): Exec {
  return signal ? { run: (argv, options) => exec.run(argv, { ...options, signal }) } : exec;
}

export function interruptibleHost<T extends Host>(host: T, signal: AbortSignal | undefined): T {
  return signal ? { ...host, exec: interruptibleExec(host.exec, signal) } : host;
}

/**
 * Lets pending signals be handled between two long computations: the event loop runs pending callbacks first and polls
 * for signals in the next round.
 */
export async function deliverSignals(): Promise<void> {
  await nextRound();
  await nextRound();
}

export async function stopIfInterrupted(signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return;
  await deliverSignals();
  if (signal.aborted) throw interruptedError();
}

export function interruptedError(): MustredirectError {
  return new MustredirectError('interrupted', 'interrupted');
}

export function isInterruption(error: unknown): boolean {
  return error instanceof MustredirectError && error.code === 'interrupted';
}
