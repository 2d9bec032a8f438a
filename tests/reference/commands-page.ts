/** Generates docs/reference/commands.md: every command and option, from the declarations of the command line. */
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { createProgram, exitStatuses } from '../../src/cli/program.ts';
import { recordedTerminal } from '../../src/cli/terminal/recorded-terminal.ts';
import { code, table } from './markdown.ts';

const introduction = `# Commands

Generated from the command line's own declarations by \`npm run reference\`. \`mustredirect COMMAND --help\` prints the same
text.

Results go to stdout; progress, questions, warnings and errors go to stderr. Every command accepts \`-f\`, \`--host\`,
\`--json\` and \`-v\`, so that a script can give all of them the same options. The tables list the options that a command
uses.
`;

export function commandsPage(): string {
  const terminal = recordedTerminal();
  const commands = leavesOf(createProgram(terminal));
  const rows = commands.map((command) => [linkTo(command), command.summary()]);
  return [
    introduction,
    `${table(['command', 'does'], rows)}\n`,
    exitStatusSection(),
    ...commands.map((command) => sectionOf(command, helpOf(command, terminal))),
  ].join('\n');
}

function leavesOf(parent: CommandUnknownOpts): CommandUnknownOpts[] {
  return parent
    .createHelp()
    .visibleCommands(parent)
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => (command.commands.length > 0 ? leavesOf(command) : [command]));
}

function nameOf(command: CommandUnknownOpts): string {
  const parent = command.parent?.parent ? `${command.parent.name()} ` : '';
  return `${parent}${command.name()}`;
}

function linkTo(command: CommandUnknownOpts): string {
  const name = nameOf(command);
  return `[${code(name)}](#${name.replace(' ', '-')})`;
}

function exitStatusSection(): string {
  const rows = [...exitStatuses.matchAll(/^ {2}(\d) {2}(.*)$/gm)].map(([, status = '', means = '']) => [
    status,
    means,
  ]);
  return `## Exit status\n\n${table(['status', 'meaning'], rows)}\n`;
}

function sectionOf(command: CommandUnknownOpts, help: string): string {
  const usage = /^Usage: (.*)$/m.exec(help)?.[1] ?? '';
  const options = command.options.filter(isUsed).map(optionRow);
  const shown = options.length > 0 ? `\n${table(['option', 'meaning'], options)}\n` : '';
  const [, examples = ''] = help.trimEnd().split('\nExamples:\n');
  return `## ${nameOf(command)}\n
${command.description()}\n
\`\`\`
${usage}
\`\`\`
${shown}
\`\`\`
${examples.replace(/^ {2}(?=mustredirect)/gm, '')}
\`\`\`
`;
}

/** Whether a command uses an option; options without effect are described once above. */
function isUsed({ description }: Option): boolean {
  return (
    !description.startsWith('accepted and not used') && !description.startsWith('print an error as JSON')
  );
}

function optionRow(option: Option): string[] {
  const choices = option.argChoices ? `; one of ${option.argChoices.map(code).join(', ')}` : '';
  const standard =
    option.defaultValue === undefined
      ? ''
      : `; default ${code(option.defaultValueDescription ?? String(option.defaultValue))}`;
  return [code(option.flags), `${option.description}${choices}${standard}`];
}

function helpOf(command: CommandUnknownOpts, terminal: ReturnType<typeof recordedTerminal>): string {
  const before = terminal.printed.length;
  command.outputHelp();
  return terminal.printed.slice(before).join('\n');
}
