import { prepare } from '../../apply/prepare.ts';
import { renderShell } from '../../explain/render-shell.ts';
import { makePlan } from '../../plan/make-plan.ts';
import { actualState } from '../../state/actual.ts';
import { refuse } from '../print-plan.ts';
import { type HostOptions, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** The whole of it, as on a host that has nothing of ours yet. */
export async function render(terminal: Terminal, options: HostOptions): Promise<void> {
  const { target, ledger } = await openSession(terminal, options);
  const { facts, desired } = await prepare(target, ledger);
  refuse(desired.refusals, terminal);
  const wanted = desired.wanted.map(({ object }) => object);
  const actual = actualState({ ...facts, owned: [] }, wanted);
  terminal.print(renderShell(makePlan(actual, desired), target.role.host, target.engines));
}
