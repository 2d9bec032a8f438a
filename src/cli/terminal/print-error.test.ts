import { describe, expect, it } from 'vitest';
import { MustredirectError } from '../../error.ts';
import { printError } from './print-error.ts';
import { recordedTerminal } from './recorded-terminal.ts';
import { refuse } from '../../apply/run/refuse.ts';
import { ReportedError } from './reported-error.ts';

function printed(error: unknown, ...argv: string[]) {
  const terminal = recordedTerminal();
  const status = printError(error, terminal, argv);
  return { status, told: terminal.told, json: terminal.printed.map((text) => JSON.parse(text) as unknown) };
}

const missing = new MustredirectError('missing-tool', 'nft: no such program', { hint: 'install it' });
const forbidden = Object.assign(new Error('EACCES: permission denied'), {
  code: 'EACCES',
  syscall: 'open',
  path: '/run/a',
});

describe('printError', () => {
  it('tells the error and the hint, and prints nothing', () => {
    expect(printed(missing, 'plan')).toEqual({
      status: 4,
      told: ['<red:error:> nft: no such program', 'hint: install it'],
      json: [],
    });
  });

  it('prints the error as JSON, too, with the same exit status', () => {
    expect(printed(missing, 'plan', '--json')).toEqual({
      status: 4,
      told: ['<red:error:> nft: no such program', 'hint: install it'],
      json: [{ error: { code: 'missing-tool', message: 'nft: no such program', hint: 'install it' } }],
    });
  });

  it('omits an absent hint', () => {
    expect(printed(new MustredirectError('failed', 'no'), '--json').json).toEqual([
      { error: { code: 'failed', message: 'no' } },
    ]);
  });

  it('ignores --json among arguments of another program', () => {
    expect(printed(missing, 'lab', 'exec', 'node1', '--', 'ip', '--json').json).toEqual([]);
  });

  it('prints the report of an error', () => {
    const error = new ReportedError('file', 'a.yaml: 1 mistake', {}, { problems: [{ line: 1 }] });
    expect(printed(error, '--json')).toMatchObject({
      status: 2,
      json: [{ problems: [{ line: 1 }], error: { code: 'file', message: 'a.yaml: 1 mistake' } }],
    });
  });

  it('names the file of a system error', () => {
    expect(printed(forbidden, '--json')).toEqual({
      status: 4,
      told: ['<red:error:> /run/a: EACCES: permission denied', 'hint: run it as root'],
      json: [
        {
          error: {
            code: 'not-permitted',
            message: '/run/a: EACCES: permission denied',
            hint: 'run it as root',
          },
        },
      ],
    });
  });

  it('shows the stack of an internal error', () => {
    const { status, told } = printed(new TypeError('x is not a function'));
    expect(status).toBe(1);
    expect(told[0]).toMatch(/^<red:error:> TypeError: x is not a function\n +at /);
    expect(told[1]).toContain('please report it');
  });

  it.each([undefined, null, 'text'])('accepts %j as thrown value', (thrown) => {
    expect(printed(thrown)).toMatchObject({
      status: 1,
      told: [`<red:error:> ${String(thrown)}`, expect.any(String)],
    });
  });
});

describe('refuse', () => {
  const first = { message: 'gateway office: table 7 is in use', hint: 'give another' };
  const second = { message: 'network web: is there with 10.1.0.0/24', hint: 'rename it' };

  /** lines told, JSON printed with --json, and the exit status */
  function refused(refusals: Parameters<typeof refuse>[0]) {
    const terminal = recordedTerminal();
    let status = 0;
    try {
      refuse(refusals);
    } catch (error) {
      status = printError(error, terminal, ['--json']);
    }
    return { told: terminal.told, json: terminal.printed.map((text) => JSON.parse(text) as unknown), status };
  }

  it('returns without refusals', () => {
    expect(refused([])).toEqual({ told: [], json: [], status: 0 });
  });

  it('tells a single refusal as the error', () => {
    expect(refused([first])).toEqual({
      told: [`<red:error:> ${first.message}`, 'hint: give another'],
      json: [{ error: { code: 'refused', ...first }, refusals: [first] }],
      status: 4,
    });
  });

  it('tells several refusals in order, and their number at the end', () => {
    expect(refused([first, second])).toEqual({
      told: [
        `<red:error:> ${first.message}`,
        'hint: give another',
        `<red:error:> ${second.message}`,
        'hint: rename it',
        '<red:error:> refused for 2 reasons',
      ],
      json: [
        {
          refusals: [first, second],
          error: { code: 'refused', message: 'refused for 2 reasons' },
        },
      ],
      status: 4,
    });
  });
});
