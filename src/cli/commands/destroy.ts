import { removeHistory } from '../../apply/history.ts';
import { nobody } from '../../apply/prepare.ts';
import { installedUnits } from '../../boot/install.ts';
import { type ChangeOptions, changeHost } from '../change-host.ts';
import { findSenders, warnOfSenders } from '../gateway-senders.ts';
import { type GroundOptions, openGround } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface DestroyOptions extends GroundOptions, ChangeOptions {
  readonly force?: true | undefined;
}

export async function destroy(terminal: Terminal, options: DestroyOptions): Promise<void> {
  const ground = await openGround(terminal, options);
  const senders = options.force ? [] : await findSenders(terminal, ground);
  await warnOfSenders(terminal, ground, senders, options);
  await changeHost(terminal, {
    ground,
    target: { ...ground, ...nobody },
    options,
    verb: 'destroy',
    goOn: true,
    senders,
    title: 'what mustredirect made here, to be taken away',
    record: () => removeHistory(ground.host.files, ground.places.history),
    done: 'done: nothing of mustredirect is left on this host',
  });
  // What they are for is the machine's own network, not that of a test host on it.
  if (ground.places.firstNamespace && (await installedUnits(ground.host.files)).length > 0) {
    terminal.tell('the boot units apply it again at the next start: `mustredirect uninstall` removes them');
  }
}
