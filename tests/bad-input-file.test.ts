/** Randomly changed files: the result is a valid spec, or problems with positions inside the file. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSpec } from '../src/cli/session/load-spec.ts';
import { printError } from '../src/cli/terminal/print-error.ts';
import { recordedTerminal } from '../src/cli/terminal/recorded-terminal.ts';
import { ReportedError } from '../src/cli/terminal/reported-error.ts';
import type { Problem } from '../src/spec/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { mutatedTexts } from './bad-input/mutate-text.ts';
import { mutatedValues } from './bad-input/mutate-value.ts';
import { longest, seed, seedText } from './bad-input/seed.ts';
import { dumpYaml } from './bad-input/yaml.ts';

const example = readFileSync(new URL('../examples/mustredirect.yaml', import.meta.url), 'utf8');
const whole = {
  version: 1,
  hosts: { node1: ['192.168.50.10', '2001:db8::10'], gw1: '192.168.50.2', gw2: '192.168.50.3' },
  networks: {
    web: { engine: 'podman', subnets: { node1: '10.89.4.0/24' }, via: 'office', direct: ['192.168.50.0/24'] },
    mail: { engine: 'external', subnets: { node1: ['10.89.6.0/24'] }, via: 'home' },
  },
  gateways: {
    office: {
      members: [{ host: 'gw1', uplink: { device: 'gre1' } }],
      snat: 'masquerade',
      table: 2184,
      mark: 2184,
    },
    home: { members: [{ host: 'gw2', uplink: { device: 'eth1', via: '172.31.0.2' } }], snat: '203.0.113.7' },
  },
};

/** Problems with the result for a text; empty when all is well. */
function complaintsAbout(text: string): string[] {
  const terminal = recordedTerminal();
  const begin = performance.now();
  try {
    checkSpec(text, 'f.yaml', terminal);
    return [];
  } catch (error) {
    if (!(error instanceof ReportedError)) return [String(error)];
    printError(error, terminal, ['--json']);
    const { problems } = error.report as { problems: readonly Problem[] };
    return [
      ...(problems.length === 0
        ? ['no problem']
        : problems.filter((p) => !isInside(p, text)).map((p) => JSON.stringify(p))),
      // A stack trace in the output; a line of the file may look like one.
      ...terminal.told.filter((line) => /^\s+at .*:\d+:\d+\)?$/m.test(line)),
      ...(performance.now() - begin > longest ? ['too slow'] : []),
    ];
  }
}

function isInside({ line, column, message }: Problem, text: string): boolean {
  const source = text.split('\n')[line - 1];
  return source !== undefined && column >= 1 && column <= source.length + 1 && message !== '';
}

describe(`a file (${seedText})`, () => {
  it('is valid before it is changed', () => {
    expect(parseSpec(dumpYaml(JSON.stringify(whole))).kind).toBe('spec');
    expect(parseSpec(example).kind).toBe('spec');
  });

  it('gets a valid result when its bytes and lines are changed, 2,000 times', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(mutatedTexts([example, dumpYaml(JSON.stringify(whole))]), (text) => {
        expect(complaintsAbout(text)).toEqual([]);
      }),
      { numRuns: 2000, seed },
    );
  });

  it('gets a valid result when its values are changed, 2,000 times', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(mutatedValues([JSON.stringify(whole)]), (json) => {
        expect(complaintsAbout(dumpYaml(json))).toEqual([]);
        expect(complaintsAbout(json)).toEqual([]);
      }),
      { numRuns: 2000, seed },
    );
  });
});
