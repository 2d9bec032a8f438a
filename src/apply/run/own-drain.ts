/** Takes this host out of use as a member of its gateways, or gives it back. */
import { isDeepStrictEqual } from 'node:util';
import { type DrainedMember, readDrained, writeDrained } from '../../host/files/drain-store.ts';
import type { Target } from '../../inspect/prepare.ts';
import type { Source } from '../history.ts';
import type { Caller } from './caller.ts';
import { changeHost } from './change-host.ts';
import type { HostContext } from './host-context.ts';
import { withLock } from './lock-host.ts';
import { applyVerb } from './verbs.ts';

export interface OwnDrain {
  readonly context: HostContext;
  /** the file that was applied last */
  readonly target: Target;
  readonly source: Source;
  readonly on: boolean;
  /** seconds to wait for another run to end */
  readonly wait: number;
}

/**
 * Writes the file that every run reads, and applies what was applied last. When that fails, the entry of this host is
 * what it was: a later run must not do what was reported as failed. Both are done with the lock, so that
 * two of them do not overwrite each other.
 */
export async function changeOwnDrain(
  caller: Caller,
  { context, target, source, on, wait }: OwnDrain,
): Promise<void> {
  let written: Written | undefined;
  try {
    await changeHost(caller, {
      ...applyVerb(context, source),
      context,
      // A network that is missing was removed by somebody.
      target: { ...target, createsNetworks: false },
      wait,
      async check() {
        written = await writeOwn(caller, context, target.role.host, on);
      },
    });
  } catch (error) {
    const done = written;
    if (done) {
      const undo = (): Promise<void> => takeBack(context, target.role.host, done);
      // Another run may hold the lock for long: the entry must not stay because of that.
      await withLock(caller, context, { verb: 'drain', wait }, undo).catch(undo);
    }
    throw error;
  }
}

/** The entry of this host before and after the change; absent: it is not drained. */
interface Written {
  readonly before: DrainedMember | undefined;
  readonly after: DrainedMember | undefined;
}

/** Requires the lock. */
async function writeOwn(
  { user }: Caller,
  { host, places }: HostContext,
  name: string,
  on: boolean,
): Promise<Written> {
  const entries = await readDrained(host.files, places.drained);
  const before = ownEntry(entries, name);
  // The time of the first drain stays.
  const after = on ? (before ?? { host: name, since: new Date().toISOString(), user }) : undefined;
  await writeDrained(host.files, places.drained, withOwn(entries, name, after));
  return { before, after };
}

/** Leaves what others have written meanwhile. Requires the lock. */
async function takeBack(
  { host, places }: HostContext,
  name: string,
  { before, after }: Written,
): Promise<void> {
  const entries = await readDrained(host.files, places.drained);
  if (!isDeepStrictEqual(ownEntry(entries, name), after)) return;
  await writeDrained(host.files, places.drained, withOwn(entries, name, before));
}

function withOwn(
  entries: readonly DrainedMember[],
  name: string,
  own: DrainedMember | undefined,
): readonly DrainedMember[] {
  const others = entries.filter((one) => one.host !== name);
  return own ? [...others, own] : others;
}

export function ownEntry(entries: readonly DrainedMember[], host: string): DrainedMember | undefined {
  return entries.find((one) => one.host === host);
}
