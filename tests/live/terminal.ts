/** Runs the program on a pseudo-terminal with simulated input. */
import { waitUntil } from '../../src/host/process/background.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { programPath } from './program.ts';

export interface Seat {
  /** all output on the terminal so far */
  seen(): string;
  press(keys: string): void;
  /** waits for the end of the program */
  readonly exitStatus: () => Promise<number>;
}

export const ctrlC = '\u0003';

const ready = 'ready';
const ended = 'exit status ';

/** @param environment `NAME=value`, in addition to the test's environment */
export async function sitDown(
  host: TestHost,
  args: readonly string[],
  environment: readonly string[] = [],
): Promise<Seat> {
  const command = ['env', '-u', 'CI', 'TERM=xterm', ...environment, programPath, ...args].join(' ');
  // script(1) forwards our input to the terminal, and its output to us. The shell inside ignores Ctrl-C.
  const inside = `trap : INT; stty cols 100; echo ${ready}; ${command}; echo "${ended}$?"`;
  const running = await host.background.start(['script', '-qfc', inside, '/dev/null']);
  const seen = (): string => running.output().stdout;
  // Earlier input may be lost when the terminal's settings are initialised.
  await waitUntil(() => seen().includes(ready) || running.ended(), 60_000);
  return {
    seen,
    press: (keys) => running.write(keys),
    async exitStatus() {
      const isOver = await waitUntil(() => seen().includes(ended) || running.ended(), 240_000);
      await running.stop();
      if (!isOver) throw new Error(`the program does not end: ${seen()}`);
      return Number(/exit status (\d+)/.exec(seen())?.[1] ?? NaN);
    },
  };
}

/** Final screen of a program that only uses carriage return and erase to end of line. */
export function screenAfter(written: string): readonly string[] {
  return written.split('\n').map((line) => line.replace(/\r$/, '').split('\r\u001B[K').at(-1) ?? '');
}
