/** Ends existing flows, so that new ones do not inherit their old egress and source address. */
import { countInChain } from '../host/nft/chain-count.ts';
import { forgetFlows } from '../host/conntrack/forget.ts';
import { hasConnections } from '../host/conntrack/list.ts';
import { runOrFail } from '../host/process/exec.ts';
import type { Exec } from '../host/ports.ts';
import { type OpenFlows, type ResetConnections, bothDirections } from '../kinds/flows/action.ts';
import { repliesChain } from '../plan/closing.ts';
import type { Pause } from './pause.ts';
import { type Sender, checkStopped } from './senders.ts';

/** milliseconds: a TCP sender retransmits after at least 200 */
const resetTime = 300;
/** milliseconds without a reply after which none is expected any more */
const replyTime = 200;
/** maximum number of waits, since a server may send without requests */
const maxWaits = 15;

/** Resets TCP connections while their packets still take the old route; the reset is triggered by their own packets. */
export async function resetConnections(
  exec: Exec,
  { text, flows }: ResetConnections,
  pause: Pause,
): Promise<void> {
  await runNft(exec, text);
  if (await hasConnections(exec, flows)) await pause(resetTime);
}

/** @param senders nodes whose flows stay blocked while they send */
export async function openFlows(
  exec: Exec,
  { close, flows, text }: OpenFlows,
  pause: Pause,
  senders: readonly Sender[] = [],
): Promise<void> {
  if (close !== undefined) await runNft(exec, close);
  // A late reply would create a conntrack entry in the opposite direction, and NAT skips packets of such a flow.
  if (await forgetFlows(exec, bothDirections(flows))) await untilQuiet(exec, pause);
  await checkStopped(exec, flows, senders, pause);
  await runNft(exec, text);
}

async function untilQuiet(exec: Exec, pause: Pause): Promise<void> {
  let before = await countInChain(exec, repliesChain);
  for (let waits = 0; before !== undefined && waits < maxWaits; waits += 1) {
    await pause(replyTime);
    const now = await countInChain(exec, repliesChain);
    if (now === before) return;
    before = now;
  }
}

export async function runNft(exec: Exec, text: string): Promise<void> {
  await runOrFail(exec, ['nft', '-f', '-'], { input: text });
}
