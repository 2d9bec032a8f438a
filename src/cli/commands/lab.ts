/** Commands of the lab. */
import { join } from 'node:path';
import { labDown, labExec, labUp } from '../../lab/commands.ts';
import { labDemo } from '../../lab/demo.ts';
import type { LabEngine } from '../../lab/engine.ts';
import { ownCommand } from '../session/own-command.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface NameOption {
  name?: string | undefined;
}

interface BuildOptions extends NameOption {
  engine?: LabEngine | undefined;
  ipv6?: true | undefined;
}

export async function up(terminal: Terminal, options: BuildOptions): Promise<void> {
  await labUp({ ...options, self: terminal.self, command: await ownCommand(terminal) }, terminal);
}

export async function demo(terminal: Terminal, options: BuildOptions): Promise<void> {
  const asPromised = await labDemo({ ...options, self: terminal.self }, terminal);
  if (!asPromised) terminal.setExitStatus(1);
}

export async function down(terminal: Terminal, options: NameOption): Promise<void> {
  await labDown(options, terminal);
}

export async function exec(
  terminal: Terminal,
  host: string,
  argv: readonly string[],
  options: NameOption,
): Promise<void> {
  // Ctrl-C reaches the program inside.
  terminal.watchInterrupts();
  const { folder, root, interrupt } = terminal;
  const launchers = join(root, 'bin');
  terminal.setExitStatus(await labExec({ ...options, host, argv, folder, launchers, interrupt }));
}
