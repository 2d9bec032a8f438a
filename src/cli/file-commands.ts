/** Commands that read only the file. */
import type { Command } from '@commander-js/extra-typings';
import { examples, fileOption, jsonOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addFileCommands(program: Command, terminal: Terminal): void {
  program
    .command('validate')
    .summary('check the file')
    .description(
      'Checks the file and reports all errors together, each with line, column and what to write instead. Looks at nothing else.',
    )
    .addOption(fileOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['validate', 'check the file of this host'],
        ['validate -f new.yaml', 'check another, before it is put in place'],
        ['validate --json', 'what was read, or { "problems": [...] }'],
      ),
    )
    .action(async (options) => (await import('./commands/validate.ts')).validate(terminal, options));
  program
    .command('schema')
    .summary('print the JSON Schema of the file, for editors')
    .description(
      'Prints the JSON Schema of the file. Editors use it to complete and check the file as you type.',
    )
    .addHelpText(
      'after',
      `${examples(['schema >mustredirect.schema.json', 'keep it beside the file'])}

The file names it in its first line: # yaml-language-server: $schema=./mustredirect.schema.json`,
    )
    .action(async () => (await import('./commands/schema.ts')).schema(terminal));
}
