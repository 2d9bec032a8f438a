/** Options shared by several commands, and the examples at the end of their help. */
import { type TimeRange, timeRangeOf } from '../agent/time-range.ts';
import {
  type Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from '@commander-js/extra-typings';

const defaultFile = '/etc/mustredirect/mustredirect.yaml';

export function fileOption() {
  return new Option('-f, --file <file>', 'the file that says what to redirect').default(defaultFile);
}

export function hostOption() {
  return new Option(
    '--host <name>',
    'the host of the file that this machine is (default: MUSTREDIRECT_HOST, else the one with an address of this machine)',
  );
}

export function verboseOption() {
  return new Option(
    '-v, --verbose',
    'show each command that is run, and how long each part of the work takes',
  );
}

export function yesOption() {
  return new Option('-y, --yes', 'do not ask; needed where there is no terminal to ask on');
}

export function jsonOption() {
  return new Option('--json', 'print JSON, also when it fails: { "error": { code, message, hint } }');
}

export function waitOption() {
  return new Option('--wait <time>', 'wait for another run to end: 10s, 2m; 0 does not wait')
    .argParser(readDuration)
    .default(10, '10s');
}

/** Command that reads a host. */
export function hostCommand(program: Command, name: string) {
  return program.command(name).addOption(fileOption()).addOption(hostOption()).addOption(verboseOption());
}

/**
 * Adds the common options to every command, so that a script can pass the same options to all. The help of a command
 * says when an option has no effect.
 */
export function addCommonOptions(parent: Pick<CommandUnknownOpts, 'commands'>): void {
  for (const command of parent.commands) {
    addCommonOptions(command);
    if (command.commands.length > 0) continue;
    for (const option of unusedOptions()) {
      if (!command.options.some(({ long }) => long === option.long)) command.addOption(option);
    }
  }
}

function unusedOptions(): Option[] {
  return [
    new Option('-f, --file <file>', 'accepted and not used: this command needs no file'),
    new Option('--host <name>', 'accepted and not used: this command needs no host of the file'),
    new Option('-v, --verbose', 'accepted and not used: this command has nothing more to show'),
    new Option('--json', 'print an error as JSON: { "error": { code, message, hint } }'),
  ];
}

/** Parses `90`, `90s` or `2m` to seconds. */
export function readDuration(text: string): number {
  const [, number, unit] = /^(\d{1,6})(s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Write it as 30s, 5m or 1h.');
  return Number(number) * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1);
}

/** Parses `2026-11-30`, `2026-11-30T03:14` or `2026-11-30T03:14:05Z` to all that it may mean. */
export function readTime(text: string): TimeRange {
  const range = timeRangeOf(text);
  if (!range)
    throw new InvalidArgumentError('Write it as 2026-11-30, 2026-11-30T03:14 or 2026-11-30T03:14:05Z.');
  return range;
}

/** Collects values of an option that may be repeated. */
export function collect(value: string, all: string[] | undefined): string[] {
  return [...(all ?? []), value];
}

/** Formats examples: a command line without the program's name, and its purpose. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const shown = lines.map(([command, does]) => `  mustredirect ${command.padEnd(width)}   ${does}`);
  return `\nExamples:\n${shown.join('\n')}`;
}
