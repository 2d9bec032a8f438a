import { type WatchOptions, watchRun } from '../../apply/run/confirm.ts';
import { openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function watchConfirm(terminal: Terminal, options: WatchOptions): Promise<void> {
  await watchRun(terminal, await openContext(terminal, {}), options);
}
