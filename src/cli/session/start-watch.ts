/** Starts the process that undoes an unconfirmed run; it survives the command, its shell and its terminal. */
import type { HostContext } from '../../apply/run/host-context.ts';
import { startDetached } from '../../host/process/detached.ts';
import { keptSettings } from './kept-settings.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function startWatch(
  terminal: Pick<Terminal, 'self' | 'env' | 'folder'>,
  { host, places }: HostContext,
  run: string,
  seconds: number,
): Promise<void> {
  await startDetached(host, {
    argv: [...terminal.self, 'watch-confirm', '--run', run, '--seconds', String(seconds)],
    settings: keptSettings(terminal),
    // systemd runs the process in the machine's own namespaces.
    bySystemd: places.firstNamespace,
    name: `mustredirect-confirm-${run}`,
  });
}
