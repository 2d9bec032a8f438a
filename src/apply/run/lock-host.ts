/** Locks a host for one run at a time. */
import { createBackground } from '../../host/process/background.ts';
import { takeLock } from '../../host/files/lock.ts';
import { removeLeftovers } from '../../host/files/state-files.ts';
import type { Caller } from './caller.ts';
import type { HostContext } from './host-context.ts';

export interface LockOptions {
  /** name shown to processes that wait: `apply` */
  readonly verb: string;
  /** seconds to wait for the lock */
  readonly wait: number;
}

/** @param work runs with the lock */
export async function withLock<T>(
  caller: Caller,
  { host, places }: Pick<HostContext, 'host' | 'places'>,
  { verb, wait }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock({ background: createBackground(), files: host.files }, places.lock, {
    who: `${verb}, process ${caller.pid}`,
    wait,
    onWait: (holder) => caller.tell(`waiting for another run: ${holder}`),
  });
  try {
    await removeLeftovers(host.files, places);
    return await work();
  } finally {
    await lock.release();
  }
}
