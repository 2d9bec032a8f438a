/** An agent that runs on a host of a lab, and waits for what it does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import type { Gateway } from './gateway-host.ts';
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

export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + patience;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('the agent did not answer within a minute');
    await sleep(1);
  }
}
