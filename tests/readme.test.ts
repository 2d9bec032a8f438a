/** What the README shows is what the program does. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createProgram, exitStatuses } from '../src/cli/program.ts';
import type { Terminal } from '../src/cli/terminal/terminal.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { formatProblems } from '../src/spec/problem.ts';

const readme = await readFile(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, text = '']) => ({
  language,
  text,
}));
const file = blocks.find(({ language }) => language === 'yaml')?.text ?? '';

const program = createProgram({} as Terminal);
const visible = program.createHelp().visibleCommands(program);
const commands = visible.flatMap((command) =>
  command.name() === 'help'
    ? []
    : command.commands.length === 0
      ? [{ name: command.name(), options: command.options }]
      : command.commands.map((below) => ({
          name: `${command.name()} ${below.name()}`,
          options: below.options,
        })),
);

describe('README', () => {
  it('shows a file without mistakes', () => {
    expect(parseSpec(file).kind).toBe('spec');
  });

  it('shows routes and published ports that fit into it', () => {
    const [, more = ''] = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text);
    const part = (key: string): string =>
      new RegExp(`^    ${key}:\\n(?: {6}.*\\n)+`, 'm').exec(more)?.[0] ?? `no ${key}`;
    const mail = '  mail: { members: [{ host: gw1, uplink: { device: gre2 } }] }\n';
    const whole = file.replace('\ngateways:', `${part('routes')}\ngateways:`) + part('publish') + mail;
    expect(parseSpec(whole)).toMatchObject({
      kind: 'spec',
      spec: {
        networks: { mustredirect: { routes: [{ via: 'mail' }, { via: 'direct' }] } },
        gateways: { office: { publish: [{ port: 8080, proto: 'tcp', toPort: 80 }] } },
      },
    });
  });

  it('shows what is said of a file with two', () => {
    const wrong = file
      .replace('node1: 10.89.4.0/24', 'node1: 10.89.4.7/24')
      .replace('via: office', 'via: ofice');
    const parsed = parseSpec(wrong);
    const problems = parsed.kind === 'problems' ? parsed.problems : [];
    expect(readme).toContain(formatProblems(problems, wrong, 'mustredirect.yaml'));
  });

  it('names every command, and no other', () => {
    const shown = new Set(
      [...readme.matchAll(/^mustredirect (lab \w+|\w+)/gm)].map(([, command = '']) => command),
    );
    expect([...shown].sort()).toEqual(commands.map(({ name }) => name).sort());
  });

  it('names those that print JSON', () => {
    const sentence = /^((?:[`\w]+(?:, | and )?)+)\s+print JSON/m.exec(readme)?.[1] ?? '';
    const shown = [...sentence.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    expect(shown).toEqual(
      commands
        // Others print nothing but their errors as JSON.
        .filter(({ options }) => options.some(({ description }) => description.startsWith('print JSON')))
        .map(({ name }) => name),
    );
  });

  it('says of each exit status what the help says', () => {
    const rows = [...readme.matchAll(/^\| (\d) +\| (.*?) +\|$/gm)].map(
      ([, status = '', means = '']) => `  ${status}  ${means.replaceAll('`', '')}`,
    );
    expect(rows).toHaveLength(5);
    expect(exitStatuses).toContain(rows.join('\n'));
  });
});
