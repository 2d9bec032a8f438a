import { type Sender, findSenders, recentSenders, stoppingHint } from '../../apply/senders.ts';
import { type Damage, findDamage } from '../../apply/run/damaged.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { destroyVerb } from '../../apply/run/verbs.ts';
import { installedUnits } from '../../boot/install.ts';
import { MustredirectError } from '../../error.ts';
import { type ChangeOptions, changeAtTerminal } from '../session/change-at-terminal.ts';
import { type ContextOptions, appliedTarget, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DestroyOptions extends ChangeOptions {
  readonly force?: true | undefined;
}

export async function destroy(terminal: Terminal, options: ContextOptions & DestroyOptions): Promise<void> {
  const opened = await openContext(terminal, options);
  await destroyOn(terminal, opened, options);
}

export async function destroyOn(
  terminal: Terminal,
  opened: HostContext,
  options: DestroyOptions,
): Promise<void> {
  const damage = await findDamage(opened);
  const context = damage?.context ?? opened;
  const { host, places } = context;
  for (const text of damage?.found ?? []) terminal.tell(text, 'damaged');
  const senders = options.force
    ? []
    : await findSenders(host, places.history, (applied) => appliedTarget(terminal, context, applied).role);
  warnOfSenders(terminal, await recentSenders(host.exec, senders), options);
  await changeAtTerminal(terminal, {
    ...destroyVerb(context, senders, damage, options.force ?? false),
    context,
    options,
    title: 'what mustredirect made here, to be removed',
    done: 'done: nothing of mustredirect is left on this host',
  });
  if (damage) reportLost(terminal, damage);
  // The boot units belong to the machine's own network namespace, not to that of a test host.
  if (places.firstNamespace && (await installedUnits(host.files)).length > 0) {
    terminal.tell(
      'the boot units apply it again when the machine, systemd-networkd or Docker starts: `mustredirect uninstall` removes them',
    );
  }
}

/** Names the nodes that still send packets here, before the question; throws without a terminal to ask. */
function warnOfSenders(terminal: Terminal, sending: readonly Sender[], { yes, json }: DestroyOptions): void {
  if (sending.length === 0) return;
  const what = `nodes send to this gateway: ${sending.map(({ name }) => name).join(', ')}`;
  if (!yes && (!terminal.interactive || json)) {
    throw new MustredirectError('refused', what, {
      hint: `${stoppingHint}; with --yes it is taken down, and what they still send is blocked`,
    });
  }
  terminal.tell(`${what}; what they still send afterwards is blocked here`, 'warning');
}

function reportLost(terminal: Terminal, { lost }: Damage): void {
  for (const text of lost) terminal.tell(text, 'not given back');
  if (lost.length > 0) terminal.setExitStatus(1);
}
