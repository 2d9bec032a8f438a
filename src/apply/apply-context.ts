/** Host, engines and stored state that every action works on. */
import type { Engines } from '../engines/index.ts';
import type { Host } from '../host/ports.ts';
import type { Progress } from '../host/progress.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { Pause } from './pause.ts';
import type { Sender } from './senders.ts';

export interface ApplyContext {
  readonly host: Host;
  readonly engines: Engines;
  readonly keeper: LedgerKeeper;
  readonly pause: Pause;
  /** for destroy: nodes that still send packets here; their traffic stays blocked while they send */
  readonly senders?: readonly Sender[] | undefined;
  readonly progress?: Progress | undefined;
}
