/** Brings flows to their end, so that what they begin anew has nothing of the way that they went before. */
import { countInChain } from '../host/nft/chain-count.ts';
import { forgetFlows } from '../host/conntrack/forget.ts';
import { hasConnections } from '../host/conntrack/list.ts';
import { runOrFail } from '../host/process/exec.ts';
import type { Exec } from '../host/ports.ts';
import { type Open, type ResetConnections, bothWays } from '../kinds/flows/action.ts';
import { answersChain } from '../plan/closing.ts';
import type { Pause } from './pause.ts';
import { type Sender, checkStopped } from './senders.ts';

/** milliseconds: a TCP sender tries again after 200 at the least */
const resetTime = 300;
/** milliseconds without an answer that say that there are no more on the way */
const quietTime = 200;
/** a server may send for ever without being asked */
const mostQuietTimes = 15;

/** Connections can be ended only while their packets still go by the old way, and only by packets of their own. */
export async function resetConnections(
  exec: Exec,
  { text, flows }: ResetConnections,
  pause: Pause,
): Promise<void> {
  await runNft(exec, text);
  if (await hasConnections(exec, flows)) await pause(resetTime);
}

/** @param senders those of whom it stays closed while they go on sending */
export async function openFlows(
  exec: Exec,
  { close, flows, text }: Open,
  pause: Pause,
  senders: readonly Sender[] = [],
): Promise<void> {
  if (close !== undefined) await runNft(exec, close);
  // An answer that comes later would begin a flow the other way round, and no NAT changes what answers it.
  if (await forgetFlows(exec, bothWays(flows))) await untilQuiet(exec, pause);
  await checkStopped(exec, senders, pause);
  await runNft(exec, text);
}

async function untilQuiet(exec: Exec, pause: Pause): Promise<void> {
  let before = await countInChain(exec, answersChain);
  for (let times = 0; before !== undefined && times < mostQuietTimes; times += 1) {
    await pause(quietTime);
    const now = await countInChain(exec, answersChain);
    if (now === before) return;
    before = now;
  }
}

export async function runNft(exec: Exec, text: string): Promise<void> {
  await runOrFail(exec, ['nft', '-f', '-'], { input: text });
}
