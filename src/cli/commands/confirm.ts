import { confirmRun } from '../../apply/run/confirm.ts';
import { type ContextOptions, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ConfirmOptions extends ContextOptions {
  readonly wait: number;
  readonly json?: true | undefined;
}

export async function confirm(terminal: Terminal, options: ConfirmOptions): Promise<void> {
  const { run, verb, since } = await confirmRun(terminal, await openContext(terminal, options), options.wait);
  terminal.print(
    options.json
      ? JSON.stringify({ confirmed: { run, verb, since } }, null, 2)
      : `confirmed: what ${verb} did at ${since} stays`,
  );
}
