/** Which file the agent holds the host to. Pure. */
import { type Applied, type History, type Source, appliedNow } from '../apply/history.ts';

/** The file as it is now. */
export type FileNow =
  | { readonly source: Source }
  | { readonly problem: string; /** absent: it cannot be read */ readonly hash?: string };

export type InForce =
  /** nothing was applied, or all of it was taken away: the agent does nothing */
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'file';
      readonly source: Source | Applied;
      /** why another file than the one on disk is in force */
      readonly problem?: string;
    };

/**
 * The file on disk, or what was applied last if the file is wrong or was undone. Where nothing is applied, a person has
 * to apply first: the agent neither begins a redirect, nor brings back one that `destroy` has removed.
 */
export function fileInForce(history: History, now: FileNow): InForce {
  const last = appliedNow(history);
  if (!last) return { kind: 'nothing' };
  if ('problem' in now) return { kind: 'file', source: last, problem: now.problem };
  const { source } = now;
  if (source.hash === last.hash && source.host === last.host) return { kind: 'file', source: last };
  if (!history.givenUp?.includes(source.hash)) return { kind: 'file', source };
  return { kind: 'file', source: last, problem: `${source.file}: was applied and undone` };
}
