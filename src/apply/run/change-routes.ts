/** Changes next hops of routes in place, without a read of the host before and after: for an agent that has just read it. */
import { randomUUID } from 'node:crypto';
import { MustredirectError } from '../../error.ts';
import type { Verdicts } from '../../health/verdict.ts';
import type { Target } from '../../inspect/prepare.ts';
import { type ReadState, routeChanges } from '../../plan/route-changes.ts';
import { type Source, newEntry, readHistory } from '../history.ts';
import { openLedger } from '../ledger-keeper.ts';
import { runSteps } from '../run-steps.ts';
import type { Caller } from './caller.ts';
import { readOpenRun } from './earlier-run.ts';
import type { HostContext } from './host-context.ts';
import { withLock } from './lock-host.ts';
import { applyVerb } from './verbs.ts';

/** State of the host from the last read, with the file that was in force. */
export interface Known extends ReadState {
  /** its role has the networks that their labels redirect */
  readonly target: Target;
  readonly source: Source;
  /** id of the last run in the history at that time */
  readonly run: string | undefined;
}

/**
 * Each route is replaced by one atomic command, so that a run that is killed here leaves nothing to finish: a journal is
 * not kept. The next read compares the host whole.
 *
 * @returns what is known of the host now; undefined when nothing was changed, because another run is at work or has
 *   changed the host since, or because more is to be changed than next hops
 */
export async function changeRoutes(
  caller: Caller,
  context: HostContext,
  known: Known,
  verdicts: Verdicts,
): Promise<Known | undefined> {
  const { target, source } = known;
  const changes = routeChanges(target, known, verdicts);
  if (!changes) return undefined;
  const { host, places } = context;
  const { plan, after } = changes;
  const run = randomUUID();
  const isDone = await withLock(caller, context, { verb: 'apply', wait: 0 }, async () => {
    const history = await readHistory(host.files, places.history);
    if (history.entries.at(-1)?.run !== known.run || (await readOpenRun(context))) return false;
    const keeper = await openLedger(host.files, places.ledger);
    await runSteps(plan, { ...context, keeper }, {});
    const prepared = { ...after, plan, counters: [], role: target.role, listed: [] };
    await applyVerb(context, source).record(newEntry(run, caller.user, plan), prepared, true);
    return true;
  }).catch((error: unknown) => {
    if (error instanceof MustredirectError && error.code === 'busy') return false;
    throw error;
  });
  return isDone ? { ...known, ...after, run } : undefined;
}
