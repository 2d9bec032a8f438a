/** Tests that examples in the READMEs and guides match the program. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exitStatuses } from '../src/cli/program.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { formatProblems } from '../src/spec/problem.ts';
import { commandLines, commands, saidOf } from './pages/command-lines.ts';
import { blocksOf, read } from './pages/pages.ts';

const guide = read('docs/guides/configure.md');
const yaml = blocksOf(guide)
  .filter(({ language }) => language === 'yaml')
  .map(({ text }) => text);
const [file = '', more = ''] = yaml;

describe('README', () => {
  const [shown = ''] = blocksOf(read('README.md'))
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => text);

  it('shows a valid file', () => {
    expect(parseSpec(shown)).toMatchObject({
      kind: 'spec',
      spec: { networks: { web: { via: 'office' } }, gateways: { office: { snat: 'masquerade' } } },
    });
  });

  it('shows a next hop that fits its file', () => {
    const [, hop = ''] = /add the next hop: (via: \S+)/.exec(shown) ?? [];
    const parsed = parseSpec(shown.replace('{ device: wg0 }', `{ device: eth1, ${hop} }`));
    expect(parsed).toMatchObject({ kind: 'spec' });
    expect(hop).not.toBe('');
  });
});

describe('docs/guides/configure.md', () => {
  it('shows a valid first file', () => {
    expect(parseSpec(file).kind).toBe('spec');
  });

  it('shows routes and published ports that fit its file', () => {
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

  it('shows the output for a file with two errors', () => {
    const wrong = file
      .replace('node1: 10.89.4.0/24', 'node1: 10.89.4.7/24')
      .replace('via: office', 'via: ofice');
    const parsed = parseSpec(wrong);
    const problems = parsed.kind === 'problems' ? parsed.problems : [];
    expect(guide).toContain(formatProblems(problems, wrong, 'mustredirect.yaml'));
  });
});

describe('the pages', () => {
  it.each(commandLines())('%s: `%s` is a valid command', (_, line) => {
    expect({ line, said: saidOf(line) }).toEqual({ line, said: '' });
  });

  it('the reference has a section for every command, and no others', () => {
    const sections = [...read('docs/reference/commands.md').matchAll(/^## (?!Exit status)(.*)$/gm)];
    expect(sections.map(([, name = '']) => name).sort()).toEqual(commands.map(({ name }) => name).sort());
  });

  it('the JSON page lists the commands that print JSON', () => {
    const table = read('docs/reference/json.md').split('## Objects')[0] ?? '';
    const shown = [...table.matchAll(/^\| `([\w ]+)`/gm)].map(([, name = '']) => name);
    expect(shown).toEqual(
      commands
        // Other commands print only their errors as JSON.
        .filter(({ options }) => options.some(({ description }) => description.startsWith('print JSON')))
        .map(({ name }) => name),
    );
  });

  it('the reference describes exit statuses like the help', () => {
    const rows = [...read('docs/reference/commands.md').matchAll(/^\| (\d) \| (.*?) \|$/gm)].map(
      ([, status = '', means = '']) => `  ${status}  ${means}`,
    );
    expect(rows).toHaveLength(5);
    expect(exitStatuses).toContain(rows.join('\n'));
  });

  it('the JSON page has the exit status of every error code', () => {
    const pairs = (text: string, pattern: RegExp): string[] =>
      [...text.matchAll(pattern)].map(([, code, status]) => `${code} ${status}`).sort();
    const source = readFileSync(new URL('../src/error.ts', import.meta.url), 'utf8');
    const declared = pairs(source, /^ {2}'?([a-z-]+)'?: (\d),$/gm);
    expect(declared.length).toBeGreaterThan(5);
    expect(pairs(read('docs/reference/json.md'), /^\| `([a-z-]+)` +\|.*\| (\d) +\|$/gm)).toEqual(declared);
  });
});
