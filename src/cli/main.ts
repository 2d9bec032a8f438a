/** The command. Knows the process; everything else is handed to the rooms below. */
import { createProgram } from './program.ts';
import { printError } from './print-error.ts';
import { terminalOf } from './terminal.ts';

const terminal = terminalOf(process);
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
try {
  await createProgram(terminal).parseAsync(process.argv);
} catch (error) {
  process.exitCode = printError(error, terminal);
}
