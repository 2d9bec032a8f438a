/** What a gateway says of the nodes that send to it before it is one no more. */
import { appliedNow, readHistory } from '../../apply/history.ts';
import { readOwned } from '../../inspect/gather.ts';
import { type Sender, recentSenders, sendersByRoutes, sendersOf, stoppingHint } from '../../apply/senders.ts';
import { MustredirectError } from '../../error.ts';
import { type HostContext, appliedSession } from './session.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** By the file that was applied; without one that can be read, by the routes that are there. */
export async function findSenders(terminal: Terminal, ground: HostContext): Promise<readonly Sender[]> {
  const { host, places } = ground;
  try {
    const applied = appliedNow(await readHistory(host.files, places.history));
    if (applied) return sendersOf(appliedSession(terminal, ground, applied).target.role);
  } catch {
    // What is damaged keeps nothing from being taken down.
  }
  return sendersByRoutes(await readOwned(host));
}

/** Says who sends here, to whoever is asked next; refuses where nobody is. */
export async function warnOfSenders(
  terminal: Terminal,
  { host }: HostContext,
  senders: readonly Sender[],
  { yes, json }: { readonly yes?: true | undefined; readonly json?: true | undefined },
): Promise<void> {
  const sending = await recentSenders(host.exec, senders);
  if (sending.length === 0) return;
  const what = `nodes send to this gateway: ${sending.map(({ name }) => name).join(', ')}`;
  if (!yes && (!terminal.interactive || json)) {
    throw new MustredirectError('refused', what, {
      hint: `${stoppingHint}; with --yes it is taken down, and what they still send is blocked`,
    });
  }
  terminal.tell(`${what}; what they still send afterwards is blocked here`, 'warning');
}
