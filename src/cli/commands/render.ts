import { look } from '../../apply/run/host-context.ts';
import { refuse } from '../../apply/run/refuse.ts';
import { planFromScratch } from '../../explain/plan-from-scratch.ts';
import { renderShell } from '../../explain/render-shell.ts';

import { type HostOptions, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** The whole of it, as on a host that has nothing of ours yet. */
export async function render(terminal: Terminal, options: HostOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const { role, gateways, engines } = session.target;
  const { facts, desired } = await look(session, session.target);
  // A script that only closes would be none of what the file says.
  refuse([...desired.refusals, ...desired.notReady]);
  terminal.print(renderShell(planFromScratch(role, gateways, facts), role.host, engines));
}
