/** A host that the agent holds: starting it, what somebody takes away, and what the agent uses. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../../src/host/ports.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Gateway } from './gateway-host.ts';
import type { Drift } from './drifts.ts';
import { programOf } from './program.ts';

/** milliseconds: longer than any repair */
const patience = 60_000;
/** Milliseconds after a repair, in which the agent reads the host once more. */
export const rest = 1500;

export async function startAgent(host: Gateway, root: string): Promise<Running> {
  const running = await host.background.start(endingWithStdin([programOf(root), 'agent']));
  await until(() => running.output().stderr.includes('holds '));
  await sleep(rest);
  return running;
}

/** Milliseconds from the event of the removal, or its end, to the event that ends the repair, as the kernel tells them. */
export async function timeToRepair(host: Gateway, { remove, monitor, gone, back }: Drift): Promise<number> {
  const watching = await host.background.start([...monitor]);
  try {
    // The monitor does not tell when it listens.
    await sleep(300);
    const removing = host.run(['sh', '-c', remove]);
    // `nft monitor` may lose the event of a large table that goes.
    await Promise.race([removing, until(() => gone.test(watching.output().stdout))]);
    const begin = performance.now();
    await until(() => back.test(watching.output().stdout));
    const taken = performance.now() - begin;
    await removing;
    return taken;
  } finally {
    await watching.stop();
  }
}

export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + patience;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('the agent did not answer within a minute');
    await sleep(1);
  }
}

export interface Usage {
  /** seconds of the processor, programs that it has started and that have ended included */
  readonly seconds: number;
  /** resident, in MB; `peak`: the most since its start */
  readonly memory: number;
  readonly peak: number;
}

const ticksPerSecond = 100;

/** Processor time and memory of the agent on a host since its start. */
export async function usageOf(host: Gateway): Promise<Usage> {
  const pid = (await host.run(['pgrep', '-o', '-f', 'start.js agent'])).trim();
  const stat = await host.run(['cat', `/proc/${pid}/stat`]);
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // utime, stime, cutime, cstime
  const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
  const status = await host.run(['cat', `/proc/${pid}/status`]);
  const megabytes = (name: string): number =>
    (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) * 1024) / 1e6;
  return { seconds: ticks / ticksPerSecond, memory: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** Percent of a core that the agent takes during some work. */
export async function shareDuring(host: Gateway, work: () => Promise<unknown>): Promise<number> {
  const [before, begin] = [await usageOf(host), performance.now()];
  await work();
  const seconds = (performance.now() - begin) / 1000;
  // A tick is the least that can be told.
  const used = Math.max((await usageOf(host)).seconds - before.seconds, 1 / ticksPerSecond);
  return (used / seconds) * 100;
}
