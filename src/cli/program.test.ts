import type { Command } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { createProgram } from './program.ts';
import { printError } from './terminal/print-error.ts';
import { recordedTerminal } from './terminal/recorded-terminal.ts';

/** Runs a command line up to the point where it needs a host. */
async function run(...args: string[]) {
  const terminal = recordedTerminal();
  const argv = ['node', 'mustredirect', ...args];
  let status = 0;
  try {
    await createProgram(terminal).parseAsync(argv);
  } catch (error) {
    status = printError(error, terminal, argv);
  }
  return { status, printed: terminal.printed.join('\n'), told: terminal.told.join('\n') };
}

function commandNames(parent: Pick<Command, 'commands'>, before: readonly string[] = []): string[][] {
  return parent.commands.flatMap((command) => {
    const name = [...before, command.name()];
    return [name, ...commandNames(command, name)];
  });
}

const commands = commandNames(createProgram(recordedTerminal()));

describe('help', () => {
  it.each([[], ...commands].map((name) => [name.join(' '), name] as const))(
    'of "%s" has a sentence on its purpose and an example',
    async (text, name) => {
      const { status, printed, told } = await run(...name, '--help');
      expect({ status, told }).toEqual({ status: 0, told: '' });
      expect(printed).toMatch(/^Usage: .*\n\n[A-Z][a-z]+s [^]+?\.\n\n/);
      expect(printed).toMatch(new RegExp(`\nExamples:\n  mustredirect ${text}`));
    },
  );

  it.each(commands.map((name) => [name.join(' '), name] as const))(
    'of "%s" has only valid examples',
    async (_, name) => {
      const { printed } = await run(...name, '--help');
      const lines = [...printed.matchAll(/^ {2}mustredirect (.*?) {3}/gm)].map(([, line = '']) => line);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines)
        expect({ line, said: parse(line.replace(/ >.*/, '')) }).toEqual({ line, said: '' });
    },
  );

  it('lists exit statuses', async () => {
    expect((await run('--help')).printed).toMatch(/Exit status:\n {2}0 {2}done\n {2}1 {2}failed/);
  });
});

/** Error output for a command line whose command does nothing. */
function parse(line: string): string {
  const terminal = recordedTerminal();
  const program = createProgram(terminal);
  const quiet = (command: Pick<Command, 'commands'>): void => {
    for (const one of command.commands) {
      if (one.commands.length === 0) one.action(() => {});
      quiet(one);
    }
  };
  quiet(program);
  try {
    program.parse(line.split(' '), { from: 'user' });
  } catch (error) {
    printError(error, terminal, []);
    return terminal.told.join('\n') || String(error);
  }
  return '';
}

describe('the common options', () => {
  const leaves = commands.filter(
    (name) =>
      !commands.some((other) => other.length > name.length && name.every((word, i) => other[i] === word)),
  );
  it.each(leaves.map((name) => [name.join(' '), name] as const))('are accepted by "%s"', (text, name) => {
    const needed: Readonly<Record<string, string>> = {
      'lab exec': ' node1 true',
      drain: ' gw1',
      undrain: ' gw1',
      drill: ' office',
      'watch-confirm': ' --run 1 --seconds 1',
    };
    const line = `${name.join(' ')} -f a.yaml --host nas --json -v${needed[text] ?? ''}`;
    expect({ line, said: parse(line) }).toEqual({ line, said: '' });
  });
});

describe('a wrong command line', () => {
  it.each([
    [['pln'], `<red:error:> unknown command 'pln'\n(Did you mean plan?)`],
    [['plan', '--hots', 'a'], `<red:error:> unknown option '--hots'\n(Did you mean --host?)`],
    [['render', '--format', 'yaml'], `option '--format <format>' argument 'yaml' is invalid`],
    [['lab', 'exec'], `missing required argument 'host'`],
  ])('%j', async (args, said) => {
    const { status, printed, told } = await run(...args);
    expect({ status, printed }).toEqual({ status: 2, printed: '' });
    expect(told).toContain(said);
    expect(told).toContain('--help shows the commands and options');
  });

  it('prints the help without a command', async () => {
    const { status, told } = await run();
    expect(status).toBe(2);
    expect(told).toContain('Usage: mustredirect');
  });

  it('is reported as JSON', async () => {
    const { status, printed } = await run('plan', '--json', '--hots', 'a');
    expect(status).toBe(2);
    expect(JSON.parse(printed)).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining("unknown option '--hots'") as string },
    });
  });
});

describe('a file', () => {
  it('that does not exist: the error names an example', async () => {
    const { status, told } = await run('validate', '-f', '/nowhere/a.yaml');
    expect(status).toBe(2);
    expect(told).toContain('/opt/mustredirect/examples/mustredirect.yaml is a start');
  });

  it('with errors: they are printed as JSON', async () => {
    const { status, printed } = await run('validate', '--json', '-f', '/dev/null');
    expect(status).toBe(2);
    expect(JSON.parse(printed)).toMatchObject({
      problems: [{ line: 1, column: 1 }],
      error: { code: 'file', message: '/dev/null: 1 mistake' },
    });
  });
});

describe('options with a time or a protocol', () => {
  it.each([
    [['flows', '--protocol', 'foo'], /Protocols are icmp, tcp, .*and numbers from 0 to 255/],
    [['flows', '--since', 'yesterday'], /Write it as 2026-11-30/],
    [['logs', '--since', 'yesterday'], /Write it as 2026-11-30/],
    [['logs', '--level', 'loud'], /Allowed choices are debug, info, warning, error/],
    [['logs', '--lines', 'many'], /Write a number/],
  ])('are refused: %j', async (args, message) => {
    const { status, told } = await run(...args);
    expect(status).toBe(2);
    expect(told).toMatch(message);
  });
});
