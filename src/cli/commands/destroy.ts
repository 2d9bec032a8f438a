import { removeHistory } from '../../apply/history.ts';
import { nobody } from '../../inspect/prepare.ts';
import { installedUnits } from '../../boot/install.ts';
import { type ChangeOptions, changeHost } from '../session/change-host.ts';
import { type Damage, findDamage } from '../session/damaged.ts';
import { findSenders, warnOfSenders } from '../session/gateway-senders.ts';
import { type HostContext, type GroundOptions, openGround } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DestroyOptions extends ChangeOptions {
  readonly force?: true | undefined;
}

export async function destroy(terminal: Terminal, options: GroundOptions & DestroyOptions): Promise<void> {
  const opened = await openGround(terminal, options);
  await destroyOn(terminal, opened, options);
}

export async function destroyOn(
  terminal: Terminal,
  opened: HostContext,
  options: DestroyOptions,
): Promise<void> {
  const damage = await findDamage(opened);
  const ground = damage?.ground ?? opened;
  for (const text of damage?.found ?? []) terminal.tell(text, 'damaged');
  const senders = options.force ? [] : await findSenders(terminal, ground);
  await warnOfSenders(terminal, ground, senders, options);
  await changeHost(terminal, {
    ground,
    target: { ...ground, ...nobody },
    options,
    verb: 'destroy',
    goOn: true,
    senders,
    ...(damage ? { check: () => damage.moveAside() } : {}),
    title: 'what mustredirect made here, to be taken away',
    record: () => removeHistory(ground.host.files, ground.places.history),
    done: 'done: nothing of mustredirect is left on this host',
  });
  if (damage) reportLost(terminal, damage);
  // What they are for is the machine's own network, not that of a test host on it.
  if (ground.places.firstNamespace && (await installedUnits(ground.host.files)).length > 0) {
    terminal.tell('the boot units apply it again at the next start: `mustredirect uninstall` removes them');
  }
}

function reportLost(terminal: Terminal, { lost }: Damage): void {
  for (const text of lost) terminal.tell(text, 'not given back');
  if (lost.length > 0) terminal.setExitStatus(1);
}
