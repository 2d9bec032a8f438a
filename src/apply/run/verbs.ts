/** The three verbs of a run: their checks under the lock, and their history entries. */
import { removeState } from '../../host/files/state-files.ts';
import { noRole } from '../../inspect/prepare.ts';
import {
  type History,
  type Source,
  appliedNow,
  directChanges,
  readHistory,
  recordApply,
  recordRollback,
} from '../history.ts';
import type { Sender } from '../senders.ts';
import type { HostChange } from './change-host.ts';
import type { Damage } from './damaged.ts';
import { supersededError } from './earlier-run.ts';
import type { HostContext } from './host-context.ts';

/** Throws `superseded` when another run is the last one now. Requires the lock. */
async function refuseOtherRun({ host, places }: HostContext, run: string | undefined): Promise<void> {
  const { entries } = await readHistory(host.files, places.history);
  if (entries.at(-1)?.run !== run) throw supersededError();
}

/** @param source file that the target was read from */
export function applyVerb({ host, places }: HostContext, source: Source) {
  return {
    verb: 'apply',
    record: async (entry, { facts, role, desired: { numbers, leavesDirectly } }, changed) => {
      if (!changed && !(role.pool && (await isNewFile(host.files, places.history, source)))) return;
      const direct = directChanges(entry.time, facts.ledger.leavesDirectly, leavesDirectly);
      await recordApply(host.files, places.history, { ...entry, ...direct }, { ...source, numbers });
    },
  } satisfies Partial<HostChange>;
}

/** A node with nothing but a pool may have nothing to do, and its agent begins with a file that was applied. */
async function isNewFile(
  files: HostContext['host']['files'],
  path: string,
  { hash }: Source,
): Promise<boolean> {
  return appliedNow(await readHistory(files, path))?.hash !== hash;
}

/**
 * An apply that nobody has asked for: it is refused when another run has come first.
 *
 * @param run id of the last run in the history when the source was chosen
 */
export function repairVerb(context: HostContext, source: Source, run: string | undefined) {
  return {
    ...applyVerb(context, source),
    check: () => refuseOtherRun(context, run),
  } satisfies Partial<HostChange>;
}

/** @param before history with the state to go back to, read before the lock was taken */
export function rollbackVerb(context: HostContext, before: History) {
  const { host, places } = context;
  return {
    verb: 'rollback',
    check: () => refuseOtherRun(context, before.entries.at(-1)?.run),
    record: (entry) => recordRollback(host.files, places.history, entry),
  } satisfies Partial<HostChange>;
}

/** @param force removes everything even if flows cannot be blocked first */
export function destroyVerb(
  context: HostContext,
  senders: readonly Sender[],
  damage: Damage | undefined,
  force: boolean,
) {
  const { host, places } = context;
  return {
    verb: 'destroy',
    target: { ...context, ...noRole },
    onFailure: force ? 'force' : 'continue',
    senders,
    ...(damage ? { check: () => damage.moveAside() } : {}),
    async record() {
      await host.files.remove(places.drained);
      await removeState(host.files, places.history);
      await host.files.remove(places.verdicts);
    },
  } satisfies Partial<HostChange>;
}
