/** The command. Knows the process; everything else is handed to the rooms below. */
import { createProgram } from './program.ts';
import { printError } from './terminal/print-error.ts';
import { endLikeTerminal, terminalOf } from './terminal/terminal.ts';

const terminal = terminalOf(process);
try {
  await createProgram(terminal).parseAsync(process.argv);
} catch (error) {
  terminal.endProgress();
  process.exitCode = printError(error, terminal, process.argv);
}
terminal.endProgress();
endLikeTerminal(process);
