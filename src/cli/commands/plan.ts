import { readAndPlan } from '../../apply/run/host-context.ts';
import { refuse } from '../../apply/run/refuse.ts';
import { planJson, printPlan } from '../terminal/print-plan.ts';
import { type HostOptions, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface PlanOptions extends HostOptions {
  check?: true | undefined;
  json?: true | undefined;
}

export async function plan(terminal: Terminal, options: PlanOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const prepared = await readAndPlan(session, session.target);
  refuse(prepared.desired.refusals);
  if (options.json) terminal.print(JSON.stringify(planJson(prepared), null, 2));
  else printPlan(prepared.plan, terminal, `plan for ${session.target.role.host}`);
  const { steps, notReady } = prepared.plan;
  if (options.check && steps.length + notReady.length > 0) terminal.setExitStatus(3);
}
