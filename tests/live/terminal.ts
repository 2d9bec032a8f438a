/** The program on a terminal of its own, with somebody at the keyboard. */
import { waitUntil } from '../../src/host/process/background.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { programPath } from './program.ts';

export interface Seat {
  /** all that was written to the terminal so far */
  seen(): string;
  press(keys: string): void;
  /** waits for its end */
  readonly exitStatus: () => Promise<number>;
}

export const ctrlC = '\u0003';

const ready = 'ready';
const ended = 'exit status ';

/** @param environment `NAME=value`, beside what the tests have */
export async function sitDown(
  host: TestHost,
  args: readonly string[],
  environment: readonly string[] = [],
): Promise<Seat> {
  const command = ['env', '-u', 'CI', 'TERM=xterm', ...environment, programPath, ...args].join(' ');
  // script(1) reads us, writes to the terminal, and shows us what is written there. The shell inside outlives Ctrl-C.
  const inside = `trap : INT; stty cols 100; echo ${ready}; ${command}; echo "${ended}$?"`;
  const running = await host.background.start(['script', '-qfc', inside, '/dev/null']);
  const seen = (): string => running.said().stdout;
  // What is typed before that may be thrown away with the terminal's first settings.
  await waitUntil(() => seen().includes(ready) || running.ended(), 60_000);
  return {
    seen,
    press: (keys) => running.tell(keys),
    async exitStatus() {
      await waitUntil(() => seen().includes(ended) || running.ended(), 60_000);
      await running.stop();
      return Number(/exit status (\d+)/.exec(seen())?.[1] ?? NaN);
    },
  };
}

/** What is left on the screen, of a program that uses but the start of the line and the emptying of the rest of it. */
export function screenAfter(written: string): readonly string[] {
  return written.split('\n').map((line) => line.replace(/\r$/, '').split('\r\u001B[K').at(-1) ?? '');
}
