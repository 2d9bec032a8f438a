/** Tells systemd that the agent is ready, and that it goes on. */
import type { HostContext } from '../../apply/run/host-context.ts';
import { notifySystemd } from '../../host/process/systemd.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** milliseconds */
const watchdogEvery = 30_000;
const stuckAfter = 120_000;

/** Tells systemd that the agent is ready, and that it goes on, as long as it does. */
export async function tellSystemd(
  { host: { exec } }: Pick<HostContext, 'host'>,
  env: Terminal['env'],
  { steps, isResting }: { readonly steps: () => number; readonly isResting: () => boolean },
  end: AbortSignal,
): Promise<void> {
  await notifySystemd(exec, env, 'READY=1');
  let seen = { steps: -1, at: performance.now() };
  const timer = setInterval(() => {
    if (isResting() || steps() !== seen.steps) seen = { steps: steps(), at: performance.now() };
    if (performance.now() - seen.at > stuckAfter) return;
    void notifySystemd(exec, env, 'WATCHDOG=1').catch(() => {});
  }, watchdogEvery);
  end.addEventListener('abort', () => clearInterval(timer), { once: true });
}
