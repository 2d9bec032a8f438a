/** Waits, at most until the end of the agent. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Returns early when the signal is aborted. */
export function pause(milliseconds: number, until: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal: until }).catch(() => {});
}
