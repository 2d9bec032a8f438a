/** The three verbs of a run: their checks under the lock, and their entries in the history. */
import { nobody } from '../../inspect/prepare.ts';
import {
  type History,
  type Source,
  readHistory,
  recordApply,
  recordRollback,
  removeHistory,
} from '../history.ts';
import type { Sender } from '../senders.ts';
import type { Change } from './change-host.ts';
import type { Damage } from './damaged.ts';
import { decidedMeanwhile } from './earlier-run.ts';
import type { HostContext } from './host-context.ts';

/** @param source the file that the target was read from */
export function applyVerb({ host, places }: HostContext, source: Source) {
  return {
    verb: 'apply',
    record: async (entry, { desired: { numbers } }, changed) => {
      if (changed) await recordApply(host.files, places.history, entry, { ...source, numbers });
    },
  } satisfies Partial<Change>;
}

/** @param before the history that says what to go back to: it was read before the lock was ours */
export function rollbackVerb({ host, places }: HostContext, before: History) {
  return {
    verb: 'rollback',
    async check() {
      const now = await readHistory(host.files, places.history);
      if (now.entries.at(-1)?.run !== before.entries.at(-1)?.run) throw decidedMeanwhile();
    },
    record: (entry) => recordRollback(host.files, places.history, entry),
  } satisfies Partial<Change>;
}

export function destroyVerb(context: HostContext, senders: readonly Sender[], damage: Damage | undefined) {
  const { host, places } = context;
  return {
    verb: 'destroy',
    target: { ...context, ...nobody },
    goOn: true,
    senders,
    ...(damage ? { check: () => damage.moveAside() } : {}),
    record: () => removeHistory(host.files, places.history),
  } satisfies Partial<Change>;
}
