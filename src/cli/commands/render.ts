import { readAndPlan } from '../../apply/run/host-context.ts';
import { refuse } from '../../apply/run/refuse.ts';
import { planFromScratch } from '../../explain/plan-from-scratch.ts';
import { renderShell } from '../../explain/render-shell.ts';
import type { FarEndSystem } from '../../explain/far-end/system.ts';
import type { daemonFormats } from '../../explain/routers/router.ts';
import { type HostOptions, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface RenderOptions extends HostOptions {
  readonly format?: 'shell' | (typeof daemonFormats)[number] | undefined;
  readonly farEnd?: FarEndSystem | true | undefined;
}

/** Prints the complete plan, as for a host without our objects; or a routing daemon's configuration; or the far ends of its uplinks. */
export async function render(terminal: Terminal, options: RenderOptions): Promise<void> {
  const opened = await openSession(terminal, options);
  // A script asks no engine for labels: it is that of the file alone.
  const { discovery, ...target } = opened.target;
  const session = { ...opened, target };
  if (options.farEnd !== undefined) {
    const { renderFarEnds } = await import('../../explain/far-end/render-far-ends.ts');
    const { facts } = await readAndPlan(session, session.target);
    const system = options.farEnd === true ? 'linux' : options.farEnd;
    terminal.print(renderFarEnds(system, session.target.role, facts));
    return;
  }
  const { role, gateways, engines } = session.target;
  const { format = 'shell' } = options;
  if (format !== 'shell') {
    const { renderMember } = await import('../../explain/routers/render-routers.ts');
    terminal.print(renderMember(format, role));
    return;
  }
  const { facts, desired } = await readAndPlan(session, session.target);
  if (discovery) {
    terminal.tell(
      'networks that join by their label are not in the script: `mustredirect apply` finds them',
      'note',
    );
  }
  // A network that is not ready would be rendered as blocked, contrary to the file.
  refuse([...desired.refusals, ...desired.notReady]);
  terminal.print(renderShell(planFromScratch(role, gateways, facts), role.host, engines));
}
