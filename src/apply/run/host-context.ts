/** Ports and paths that every run needs. */
import type { Engines } from '../../engines/index.ts';
import { readLedger } from '../../host/files/ledger-store.ts';
import type { Places } from '../../host/files/places.ts';
import type { Host } from '../../host/ports.ts';
import type { Progress } from '../../host/progress.ts';
import { type Compared, type Prepared, type Target, prepare } from '../../inspect/prepare.ts';
import type { Pause } from '../pause.ts';

export interface HostContext {
  readonly host: Host;
  readonly engines: Engines;
  readonly places: Places;
  readonly progress: Progress | undefined;
  readonly pause: Pause;
  /** id of the agent that runs on this host, if one does: its verdicts may open what others keep closed */
  readonly runningAgent?: () => Promise<string | undefined>;
}

/**
 * Reads the host, and makes the plan.
 *
 * @param known earlier result for the same target
 */
export async function readAndPlan(
  { host, places }: HostContext,
  target: Target,
  known?: Compared,
): Promise<Prepared> {
  return prepare(target, await readLedger(host.files, places.ledger), known);
}
