/** Command line. A command's code is loaded when it runs, so that help is fast. */
import { Command } from '@commander-js/extra-typings';
import packageFile from '../../package.json' with { type: 'json' };
import { addAgentCommands } from './agent-commands.ts';
import { addBootCommands } from './boot-commands.ts';
import { addFlowCommands } from './flow-commands.ts';
import { addFileCommands } from './file-commands.ts';
import { addHostCommands } from './host-commands.ts';
import { addLabCommands } from './lab-commands.ts';
import { addMemberCommands } from './member-commands.ts';
import { addCommonOptions, examples } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';
import { addUndoCommands } from './undo-commands.ts';

export const exitStatuses = `
Exit status:
  0  done
  1  failed: apply has undone its changes, destroy has removed what it could; the message names what is left
  2  the command line or the file is wrong
  3  plan --check, status --check, doctor, verify: the host is not as the file says; apply: something is not ready and closed, the rest is applied; drain: a member is still in use, or the next one is not known to work; drill: nobody took over, or a packet left by another way
  4  refused: the change would break something, or a program or permission is missing`;

export function createProgram(terminal: Terminal): Command {
  const program = new Command('mustredirect')
    .description("Sends a container network's traffic through a gateway of your choice.")
    .version(packageFile.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.tell(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error:/, terminal.paintStderr('red', 'error:'))),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows the commands and options)')
    .addHelpText(
      'after',
      examples(
        ['validate', 'check the file'],
        ['plan', 'what would be done on this host, and why'],
        ['apply', 'do it'],
        ['verify --to 1.1.1.1', 'send real packets and say which way they go'],
        ['lab demo', 'show it in network namespaces on this machine'],
      ) + `\n${exitStatuses}`,
    );
  addFileCommands(program, terminal);
  addHostCommands(program, terminal);
  addAgentCommands(program, terminal);
  addMemberCommands(program, terminal);
  addFlowCommands(program, terminal);
  addUndoCommands(program, terminal);
  addBootCommands(program, terminal);
  addLabCommands(program, terminal);
  addCommonOptions(program);
  return program;
}
