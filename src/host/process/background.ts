/** Runs programs in the background that end with this process, also when it is killed. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import type { Background, Running } from '../ports.ts';
import { killGroup } from './process-group.ts';

const endTimeout = 3000;
/** limit in bytes for stdout and for stderr: captures of a minute need a tenth of it */
const outputLimit = 256 * 1024 * 1024;

/** @param trace called with each command before it runs, for `-v` */
export function createBackground(trace: (argv: readonly string[]) => void = () => {}): Background {
  return {
    async start(argv) {
      trace(argv);
      // A new session: Ctrl-C reaches only us. `env` adds variables to our environment, and then becomes the program.
      const child = spawn('env', ['LC_ALL=C', ...argv], { detached: true });
      await started(child, argv);
      return watch(child);
    },
  };
}

/** Throws when the program cannot be started. */
export async function started(child: ChildProcess, argv: readonly string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(new MustredirectError('failed', `${argv.join(' ')}: cannot be started`, { cause }));
    });
  });
}

function watch(child: ChildProcessWithoutNullStreams): Running {
  const stdout = collect(child, child.stdout);
  const stderr = collect(child, child.stderr);
  const output = () => ({ stdout: stdout().toString(), stderr: stderr().toString() });
  let exitCode: number | undefined;
  // The program may end before we write to or close its stdin: that is not an error.
  child.stdin.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      exitCode = code ?? 1;
      resolve();
    });
  });
  return {
    output,
    stdoutBytes: stdout,
    write: (text) => void child.stdin.write(text),
    ended: () => exitCode !== undefined,
    async stop() {
      child.stdin.end();
      await Promise.race([closed, sleep(endTimeout, undefined, { ref: false })]);
      if (exitCode === undefined) {
        killGroup(child);
        // A system call that hangs outlives SIGKILL.
        await Promise.race([closed, sleep(endTimeout, undefined, { ref: false })]);
        child.unref();
      }
      return { exitCode: exitCode ?? 1, ...output() };
    },
  };
}

/** Ends a program whose output exceeds the limit; output after the limit is lost. */
function collect(child: ChildProcessWithoutNullStreams, stream: Readable): () => Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > outputLimit) killGroup(child);
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks);
}

/**
 * The shell starts a reader of stdin and then becomes the program: each line is the name of a signal to send to the
 * program, and the end of stdin sends TERM.
 */
const endingScript = `exec 3<&0
(while read -r signal <&3; do kill -"$signal" $$; done; kill -TERM $$) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-`;

/** Makes a program that does not read its stdin end with it. Lines with signal names are sent to it as signals. */
export function endingWithStdin(argv: readonly string[]): readonly string[] {
  return ['sh', '-c', endingScript, 'sh', ...argv];
}

/** Waits until a condition holds; returns false after the timeout in milliseconds. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}
