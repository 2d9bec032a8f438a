import { keptLogs } from '../../agent/flow-log/coverage.ts';
import { type Sender, findSenders, recentSenders, stoppingHint } from '../../apply/senders.ts';
import { type Damage, findDamage } from '../../apply/run/damaged.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { destroyVerb } from '../../apply/run/verbs.ts';
import { installedUnits } from '../../boot/install.ts';
import { MustredirectError } from '../../error.ts';
import { type ChangeOptions, changeAtTerminal } from '../session/change-at-terminal.ts';
import { readDrained } from '../../host/files/drain-store.ts';
import { drainedGateways } from '../../explain/drained-gateways.ts';
import { ownEntry } from '../../apply/run/own-drain.ts';
import { type ContextOptions, appliedTarget, openContext } from '../session/session.ts';
import { ownMembership } from './drain-own.ts';
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
  await warnOfDrain(terminal, context);
  warnOfSenders(terminal, await recentSenders(host.exec, senders), options);
  await changeAtTerminal(terminal, {
    ...destroyVerb(context, senders, damage, options.force ?? false),
    context,
    options,
    title: 'what mustredirect made here, to be removed',
    done: await doneText(context),
  });
  if (damage) reportLost(terminal, damage);
  // The boot units belong to the machine's own network namespace, not to that of a test host.
  if (places.firstNamespace && (await installedUnits(host.files)).length > 0) {
    terminal.tell(
      'the boot units apply it again when the machine, systemd-networkd or Docker starts: `mustredirect uninstall` removes them',
    );
  }
}

/** Records outlive what they are about. */
async function doneText({ host, places }: HostContext): Promise<string> {
  const { flowLogs, log } = places;
  const gateways = await keptLogs(flowLogs);
  const kept = [
    ...(gateways.length > 0 ? [`flow logs of ${gateways.join(', ')} in ${flowLogs}`] : []),
    ...((await host.files.list(log)).length > 0 ? [`the log of the agent in ${log}`] : []),
  ];
  if (kept.length === 0) return 'done: nothing of mustredirect is left on this host';
  return `done: mustredirect does nothing on this host any more; kept as a record, until you remove it: ${kept.join(' and ')}`;
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

/** Without our nftables table, the host answers its nodes like a member that is not drained. */
async function warnOfDrain(terminal: Terminal, context: HostContext): Promise<void> {
  const { host, places } = context;
  const drained = await readDrained(host.files, places.drained);
  if (drained.length === 0) return;
  // A damaged history does not stop `destroy`.
  const membership = await ownMembership(terminal, context).catch(() => undefined);
  if (!membership) return;
  const { role, gateways } = membership.target;
  const nodes = drainedGateways(role, gateways, []).flatMap((one) =>
    (one.nodes ?? []).map(({ node }) => node),
  );
  if (!ownEntry(drained, role.host) || nodes.length === 0) return;
  terminal.tell(
    `this member is drained, and its nodes come back to it as soon as it is removed: ${[...new Set(nodes)].join(', ')}; take it out of the file on the nodes first`,
    'warning',
  );
}

function reportLost(terminal: Terminal, { lost }: Damage): void {
  for (const text of lost) terminal.tell(text, 'not given back');
  if (lost.length > 0) terminal.setExitStatus(1);
}
