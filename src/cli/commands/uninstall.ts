import type { HostContext } from '../../apply/run/host-context.ts';
import { uninstallUnits, unitPath } from '../../boot/install.ts';
import { type ContextOptions, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { refuseOtherNamespace } from './install.ts';

interface UninstallOptions extends ContextOptions {
  readonly json?: true | undefined;
}

export async function uninstall(terminal: Terminal, options: UninstallOptions): Promise<void> {
  await uninstallFrom(terminal, await openContext(terminal, options), options);
}

export async function uninstallFrom(
  terminal: Terminal,
  { host, places }: Pick<HostContext, 'host' | 'places'>,
  { json }: Pick<UninstallOptions, 'json'>,
): Promise<void> {
  refuseOtherNamespace(places);
  const removed = (await uninstallUnits(host)).map(({ name }) => unitPath(name));
  if (json) return terminal.print(JSON.stringify({ removed }, null, 2));
  if (removed.length === 0) return terminal.print('nothing of it is installed: nothing was changed');
  terminal.print(`${terminal.paint('green', 'disabled and removed')}: ${removed.join(', ')}
What is applied now stays until \`mustredirect destroy\`, or until this machine is restarted.`);
}
