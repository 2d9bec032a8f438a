/** Takes this host out of use as a member of its gateways, or gives it back. */
import { type DrainedMember, readDrained, writeDrained } from '../../host/files/drain-store.ts';
import type { Target } from '../../inspect/prepare.ts';
import type { Source } from '../history.ts';
import type { Caller } from './caller.ts';
import { changeHost } from './change-host.ts';
import type { HostContext } from './host-context.ts';
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
 * Writes the file that every run reads, and applies what was applied last. When that fails, the file is what it was: a
 * later run must not do what was reported as failed.
 */
export async function changeOwnDrain(
  caller: Caller,
  { context, target, source, on, wait }: OwnDrain,
): Promise<void> {
  const { host, places } = context;
  const { host: name } = target.role;
  const before = await readDrained(host.files, places.drained);
  const others = before.filter((one) => one.host !== name);
  // The time of the first drain stays.
  const entry = ownEntry(before, name) ?? {
    host: name,
    since: new Date().toISOString(),
    user: caller.user,
  };
  await writeDrained(host.files, places.drained, on ? [...others, entry] : others);
  try {
    await changeHost(caller, {
      ...applyVerb(context, source),
      context,
      // A network that is missing was removed by somebody.
      target: { ...target, createsNetworks: false },
      wait,
    });
  } catch (error) {
    await writeDrained(host.files, places.drained, before);
    throw error;
  }
}

export function ownEntry(entries: readonly DrainedMember[], host: string): DrainedMember | undefined {
  return entries.find((one) => one.host === host);
}
