/** Says what went wrong, and what to do; a stack trace only for what is a mistake of ours. */
import { CommanderError } from '@commander-js/extra-typings';
import { MustredirectError } from '../error.ts';
import type { Terminal } from './terminal.ts';

/** @returns the exit status */
export function printError(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said it
  if (error instanceof MustredirectError) {
    terminal.tell(`${terminal.paint('red', 'error:')} ${error.message}`);
    if (error.hint !== undefined) terminal.tell(`hint: ${error.hint}`);
    return error.exitStatus;
  }
  const system = error as NodeJS.ErrnoException;
  if (system.syscall !== undefined) {
    terminal.tell(`error: ${system.path ?? system.syscall}: ${system.message}`);
    if (system.code === 'EACCES' || system.code === 'EPERM') terminal.tell('hint: run it as root');
    return 1;
  }
  terminal.tell(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  terminal.tell('hint: this is a mistake in mustredirect itself; please report it with the lines above');
  return 1;
}
