/** Programs that run while we do something else, and end with us, also when we are killed. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../error.ts';
import type { Output } from './ports.ts';

export interface Background {
  /**
   * Starts a program that ends by itself when its stdin, a pipe that we hold, is closed. One that does not
   * read its stdin is made to by `endingWithStdin`.
   */
  start(argv: readonly string[]): Promise<Running>;
}

export interface Running {
  /** what it has said so far */
  said(): { readonly stdout: string; readonly stderr: string };
  /** Closes its stdin, and kills it when that does not end it. */
  stop(): Promise<Output>;
  /** whether it has ended by itself */
  ended(): boolean;
}

const endTimeout = 3000;

/** @param trace called with each command before it runs, for `-v` */
export function createBackground(trace: (argv: readonly string[]) => void = () => {}): Background {
  return {
    async start(argv) {
      trace(argv);
      // A session of its own: Ctrl-C is for us alone. `env` adds to what we have, and becomes the program.
      const child = spawn('env', ['LC_ALL=C', ...argv], { detached: true });
      await started(child, argv);
      return watch(child);
    },
  };
}

async function started(child: ChildProcessWithoutNullStreams, argv: readonly string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(new MustredirectError('failed', `${argv.join(' ')}: cannot be started`, { cause }));
    });
  });
}

function watch(child: ChildProcessWithoutNullStreams): Running {
  const said = { stdout: '', stderr: '' };
  let exitCode: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  // It may end before we close its stdin; that is no error of ours.
  child.stdin.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      exitCode = code ?? 1;
      resolve();
    });
  });
  return {
    said: () => ({ ...said }),
    ended: () => exitCode !== undefined,
    async stop() {
      child.stdin.end();
      await Promise.race([closed, sleep(endTimeout, undefined, { ref: false })]);
      if (exitCode === undefined) child.kill('SIGKILL');
      await closed;
      return { exitCode: exitCode ?? 1, ...said };
    },
  };
}

/** The shell becomes the program, after it has left behind one that waits for the end of stdin. */
const endingScript = 'exec 3<&0; (cat <&3; kill -TERM $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

export function endingWithStdin(argv: readonly string[]): readonly string[] {
  return ['sh', '-c', endingScript, 'sh', ...argv];
}

/** Waits until something holds; false when it still does not after so many milliseconds. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}
