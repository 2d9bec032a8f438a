import { planFromScratch } from '../../explain/plan-from-scratch.ts';
import { renderShell } from '../../explain/render-shell.ts';
import { refuse } from '../print-plan.ts';
import { type HostOptions, look, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** The whole of it, as on a host that has nothing of ours yet. */
export async function render(terminal: Terminal, options: HostOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const { role, gateways, engines } = session.target;
  const { facts, desired } = await look(session, session.target);
  // Of the host as it is: a network with other subnets would be left as it is by the script.
  refuse(desired.refusals, terminal);
  terminal.print(renderShell(planFromScratch(role, gateways, facts), role.host, engines));
}
