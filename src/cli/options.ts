/** Options that several commands have, and how their help ends. */
import { Option } from '@commander-js/extra-typings';

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
  return new Option('-v, --verbose', 'show each command that is run');
}

export function yesOption() {
  return new Option('-y, --yes', 'do not ask; needed where there is no terminal to ask on');
}

export function jsonOption() {
  return new Option('--json', 'print JSON, also when it fails: { "error": { code, message, hint } }');
}

/** For options that may be given several times. */
export function collect(value: string, all: string[] | undefined): string[] {
  return [...(all ?? []), value];
}

/** Each a command line without the program's name, and what it is for. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const shown = lines.map(([command, does]) => `  mustredirect ${command.padEnd(width)}   ${does}`);
  return `\nExamples:\n${shown.join('\n')}`;
}
