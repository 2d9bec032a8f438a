/** Command lines of mustredirect in the pages, and errors of the program for them. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { createProgram } from '../../src/cli/program.ts';
import { printError } from '../../src/cli/terminal/print-error.ts';
import { recordedTerminal } from '../../src/cli/terminal/recorded-terminal.ts';
import { blocksOf, pagePaths, read } from './pages.ts';

const program = createProgram(recordedTerminal());

export const commands = program
  .createHelp()
  .visibleCommands(program)
  .flatMap((command) => {
    if (command.name() === 'help') return [];
    if (command.commands.length === 0) return [{ name: command.name(), options: command.options }];
    return command.commands.map((below) => ({
      name: `${command.name()} ${below.name()}`,
      options: below.options,
    }));
  });

/** Page and command line: from blocks, and from sentences with a complete line. */
export function commandLines(): (readonly [page: string, line: string])[] {
  return pagePaths.flatMap((path) => {
    const page = read(path);
    const blocks = blocksOf(page)
      .filter(({ language }) => language === '')
      .flatMap(({ text }) => text.split('\n'));
    const spans = page
      .replaceAll(/^```.*?^```/gms, '')
      .matchAll(/`((?:sudo )?(?:bin\/)?mustredirect [^`]+)`/g);
    const lines = [...blocks, ...[...spans].map(([, line = '']) => line)]
      .filter((line) => /^(?:sudo )?(?:bin\/)?mustredirect [a-z]/.test(line) && !/\[options\]/.test(line))
      // What it does stands beside it in the reference, and shells redirect its output.
      .map((line) => line.replace(/ {3,}.*/, '').replace(/ >\S*$/, ''));
    return [...new Set(lines)].map((line) => [path, line] as const);
  });
}

/** Error output; empty for a valid line. */
export function saidOf(line: string): string {
  const terminal = recordedTerminal();
  const quiet = createProgram(terminal);
  silence(quiet);
  try {
    quiet.parse(line.replace(/^(?:sudo )?(?:bin\/)?mustredirect /, '').split(' '), { from: 'user' });
  } catch (error) {
    return printError(error, terminal, []) === 0 ? '' : terminal.told.join('\n') || String(error);
  }
  return '';
}

function silence(parent: Pick<CommandUnknownOpts, 'commands'>): void {
  for (const command of parent.commands) {
    if (command.commands.length === 0) command.action(() => {});
    silence(command);
  }
}
