import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { endWithTerminal, terminalOf } from './terminal.ts';

interface Given {
  env?: Record<string, string>;
  /** which of stdin, stdout and stderr are terminals */
  tty?: readonly ('stdin' | 'stdout' | 'stderr')[];
}

function fakeProcess({ env = {}, tty = [] }: Given = {}) {
  // Fake file descriptors that the test process does not have.
  const stream = (name: NonNullable<Given['tty']>[number], fd: number) =>
    Object.assign(new PassThrough(), { isTTY: tty.includes(name), fd });
  return Object.assign(new EventEmitter(), {
    env,
    pid: 1,
    argv: ['/usr/bin/node', '/opt/mustredirect/bin/start.js'],
    execPath: '/usr/bin/node',
    exitCode: undefined as number | undefined,
    cwd: () => '/root',
    stdin: stream('stdin', 9990),
    stdout: stream('stdout', 9991),
    stderr: stream('stderr', 9992),
  });
}

type FakeProcess = ReturnType<typeof fakeProcess>;

function terminalFor(process: FakeProcess) {
  return terminalOf(process as unknown as NodeJS.Process);
}

function textOf({ stdout, stderr }: FakeProcess) {
  return [stdout, stderr].map((stream) => String((stream.read() as Buffer | null) ?? ''));
}

const red = '\u001B[31mno\u001B[39m';

describe('colours', () => {
  it.each<[Given, string, string]>([
    [{ tty: ['stdout', 'stderr'] }, red, red],
    [{ tty: ['stdout'] }, red, 'no'],
    [{ tty: ['stderr'] }, 'no', red],
    [{}, 'no', 'no'],
    [{ tty: ['stdout', 'stderr'], env: { NO_COLOR: '' } }, red, red],
    [{ tty: ['stdout', 'stderr'], env: { NO_COLOR: '0' } }, 'no', 'no'],
    [{ tty: ['stdout', 'stderr'], env: { TERM: 'dumb' } }, 'no', 'no'],
  ])('%j', (given, printed, told) => {
    const { paint, paintStderr } = terminalFor(fakeProcess(given));
    expect([paint('red', 'no'), paintStderr('red', 'no')]).toEqual([printed, told]);
  });
});

describe('a terminal', () => {
  it('prints to stdout and tells to stderr', () => {
    const process = fakeProcess();
    const terminal = terminalFor(process);
    terminal.print('result');
    terminal.tell('note');
    expect(textOf(process)).toEqual(['result\n', 'note\n']);
  });

  it('has the folder of the program', () => {
    expect(terminalFor(fakeProcess()).root).toBe('/opt/mustredirect');
  });

  it.each<[Given['tty'], boolean]>([
    [['stdin', 'stdout', 'stderr'], true],
    [['stdin', 'stdout'], false],
    [['stdin', 'stderr'], false],
    [['stdout', 'stderr'], false],
  ])('with %j is interactive: %j', (tty, interactive) => {
    expect(terminalFor(fakeProcess({ tty: tty ?? [] })).interactive).toBe(interactive);
  });

  it('aborts on a signal only while signals are watched', () => {
    const process = fakeProcess();
    const terminal = terminalFor(process);
    expect(process.emit('SIGHUP')).toBe(false);
    terminal.watchInterrupts();
    expect(terminal.interrupt.aborted).toBe(false);
    expect(process.emit('SIGHUP')).toBe(true);
    expect(terminal.interrupt.aborted).toBe(true);
    expect(textOf(process)).toEqual(['', '']);
  });

  it('confirms each signal', () => {
    const process = fakeProcess();
    terminalFor(process).watchInterrupts('stopping');
    process.emit('SIGINT');
    process.emit('SIGINT');
    expect(textOf(process)).toEqual(['', 'stopping\nstopping\n']);
  });

  it('ends by the signal with a message while nothing is changed', () => {
    const killed: string[] = [];
    const process = Object.assign(fakeProcess(), {
      kill(pid: number, signal: string) {
        killed.push(`${pid} ${signal}, listened to by ${process.listenerCount(signal)}`);
      },
    });
    const terminal = terminalFor(process);
    terminal.endOnInterrupt('nothing was changed');
    process.emit('SIGTERM');
    expect(killed).toEqual(['1 SIGTERM, listened to by 0']);
    expect(textOf(process)).toEqual(['', 'nothing was changed\n']);
    expect(terminal.interrupt.aborted).toBe(false);
  });

  it('aborts instead of ending once signals are watched', () => {
    const process = fakeProcess();
    const terminal = terminalFor(process);
    terminal.endOnInterrupt('nothing was changed');
    terminal.watchInterrupts();
    process.emit('SIGINT');
    expect(textOf(process)).toEqual(['', '']);
    expect(terminal.interrupt.aborted).toBe(true);
  });
});

describe('progress', () => {
  it.each<[Given & { args?: readonly string[] }, boolean]>([
    [{ tty: ['stderr'] }, true],
    [{ tty: ['stdin', 'stdout'] }, false],
    [{ tty: ['stderr'], env: { TERM: 'dumb' } }, false],
    [{ tty: ['stderr'], env: { CI: 'true' } }, false],
    [{ tty: ['stderr'], args: ['apply', '--json'] }, false],
    [{ tty: ['stderr'], args: ['lab', 'exec', '--', 'x', '--json'] }, true],
  ])('with %j is shown: %j', ({ args = [], ...given }, shown) => {
    const process = fakeProcess(given);
    process.argv.push(...args);
    expect(terminalFor(process).progress !== undefined).toBe(shown);
  });
});

describe('a question', () => {
  it.each([
    ['y\n', true],
    ['Yes \n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
  ])('%j', async (answer, expected) => {
    const process = fakeProcess();
    const asked = terminalFor(process).confirm('Go on?');
    process.stdin.write(answer);
    expect(await asked).toBe(expected);
    expect(textOf(process)).toEqual(['', 'Go on? [y/N] ']);
  });

  it('is answered with no at the end of the input', async () => {
    const process = fakeProcess();
    const asked = terminalFor(process).confirm('Go on?');
    process.stdin.end();
    expect(await asked).toBe(false);
    expect(textOf(process)).toEqual(['', 'Go on? [y/N] \n']);
  });
});

describe('a broken stream', () => {
  function broken(code: string): Error {
    return Object.assign(new Error(`${code}: as it says`), { code });
  }

  it.each(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'])('is ignored when its reader is gone: %s', (code) => {
    const process = fakeProcess();
    terminalFor(process);
    // Without a listener, these would throw.
    expect(process.stdout.emit('error', broken(code))).toBe(true);
    expect(process.stderr.emit('error', broken(code))).toBe(true);
    expect(process.exitCode).toBeUndefined();
    expect(textOf(process)).toEqual(['', '']);
  });

  it('is an error, told once, when the result is lost for another reason', () => {
    const process = fakeProcess();
    terminalFor(process);
    process.stdout.emit('error', broken('ENOSPC'));
    process.stdout.emit('error', broken('ENOSPC'));
    expect(process.exitCode).toBe(1);
    expect(textOf(process)).toEqual(['', 'error: the result cannot be written: ENOSPC: as it says\n']);
  });
});

describe('endWithTerminal', () => {
  function killsAtTheEnd(tty: Given['tty']): string[] {
    const killed: string[] = [];
    const process = Object.assign(fakeProcess({ tty: tty ?? [] }), {
      kill(pid: number, signal: string) {
        killed.push(`${pid} ${signal}, listened to by ${process.listenerCount(signal)}`);
      },
    });
    terminalFor(process).watchInterrupts();
    endWithTerminal(process as unknown as NodeJS.Process);
    return killed;
  }

  it('sends SIGHUP when the terminal is gone', () => {
    // The fake file descriptors claim to be terminals, but are not.
    expect(killsAtTheEnd(['stdin', 'stdout', 'stderr'])).toEqual(['1 SIGHUP, listened to by 0']);
  });

  it('does nothing without a terminal', () => {
    expect(killsAtTheEnd([])).toEqual([]);
  });
});
