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
  it('tells what and what to do, and prints nothing', () => {
    expect(printed(missing, 'plan')).toEqual({
      status: 4,
      told: ['<red:error:> nft: no such program', 'hint: install it'],
      json: [],
    });
  });

  it('prints the error for programs as well, with the same exit status', () => {
    expect(printed(missing, 'plan', '--json')).toEqual({
      status: 4,
      told: ['<red:error:> nft: no such program', 'hint: install it'],
      json: [{ error: { code: 'missing-tool', message: 'nft: no such program', hint: 'install it' } }],
    });
  });

  it('leaves out the hint that there is not', () => {
    expect(printed(new MustredirectError('failed', 'no'), '--json').json).toEqual([
      { error: { code: 'failed', message: 'no' } },
    ]);
  });

  it('does not take the option of another program for ours', () => {
    expect(printed(missing, 'lab', 'exec', 'node1', '--', 'ip', '--json').json).toEqual([]);
  });

  it('prints what else is known beside the error', () => {
    const error = new ReportedError('file', 'a.yaml: 1 mistake', {}, { problems: [{ line: 1 }] });
    expect(printed(error, '--json')).toMatchObject({
      status: 2,
      json: [{ problems: [{ line: 1 }], error: { code: 'file', message: 'a.yaml: 1 mistake' } }],
    });
  });

  it('names the file that the system refused', () => {
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

  it('shows the stack of a mistake of ours', () => {
    const { status, told } = printed(new TypeError('x is not a function'));
    expect(status).toBe(1);
    expect(told[0]).toMatch(/^<red:error:> TypeError: x is not a function\n +at /);
    expect(told[1]).toContain('please report it');
  });

  it.each([undefined, null, 'text'])('survives that %j is thrown', (thrown) => {
    expect(printed(thrown)).toMatchObject({
      status: 1,
      told: [`<red:error:> ${String(thrown)}`, expect.any(String)],
    });
  });
});

describe('refuse', () => {
  const first = { message: 'gateway office: table 7 is in use', hint: 'give another' };
  const second = { message: 'network web: is there with 10.1.0.0/24', hint: 'rename it' };

  /** what is told, what is printed with --json, and the exit status */
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

  it('does nothing without a reason', () => {
    expect(refused([])).toEqual({ told: [], json: [], status: 0 });
  });

  it('tells one reason as the error', () => {
    expect(refused([first])).toEqual({
      told: [`<red:error:> ${first.message}`, 'hint: give another'],
      json: [{ error: { code: 'refused', ...first }, refusals: [first] }],
      status: 4,
    });
  });

  it('tells several in their order, and how many there are at the end', () => {
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
