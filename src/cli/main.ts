/** Entry point. Passes the process to the terminal; all other code takes the terminal as an argument. */
import { createProgram } from './program.ts';
import { printError } from './terminal/print-error.ts';
import { endWithTerminal, terminalOf } from './terminal/terminal.ts';

const terminal = terminalOf(process);
try {
  await createProgram(terminal).parseAsync(process.argv);
} catch (error) {
  terminal.endProgress();
  process.exitCode = printError(error, terminal, process.argv);
}
terminal.endProgress();
endWithTerminal(process);
