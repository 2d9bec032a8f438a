/** Programs that run while we do something else, and end with us, also when we are killed. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import type { Background, Running } from '../ports.ts';
import { killGroup } from './process-group.ts';

const endTimeout = 3000;
/** bytes of stdout, and of stderr: captures of a minute need a tenth of it */
const mostOutput = 256 * 1024 * 1024;

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
  const stdout = collect(child, child.stdout);
  const stderr = collect(child, child.stderr);
  const said = () => ({ stdout: stdout().toString(), stderr: stderr().toString() });
  let exitCode: number | undefined;
  // It may end before we write to its stdin, or close it; that is no error of ours.
  child.stdin.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      exitCode = code ?? 1;
      resolve();
    });
  });
  return {
    said,
    stdoutBytes: stdout,
    tell: (text) => void child.stdin.write(text),
    ended: () => exitCode !== undefined,
    async stop() {
      child.stdin.end();
      await Promise.race([closed, sleep(endTimeout, undefined, { ref: false })]);
      if (exitCode === undefined) killGroup(child);
      await closed;
      return { exitCode: exitCode ?? 1, ...said() };
    },
  };
}

/** A program that prints without end is ended: what comes after the limit is lost. */
function collect(child: ChildProcessWithoutNullStreams, stream: Readable): () => Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > mostOutput) killGroup(child);
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks);
}

/**
 * The shell becomes the program, after it has left behind one that reads stdin: each line is the name of a
 * signal for the program, and the end of it is TERM.
 */
const endingScript = `exec 3<&0
(while read -r signal <&3; do kill -"$signal" $$; done; kill -TERM $$) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-`;

/** A program that does not read its stdin, made to end with it. Lines of signal names reach it, too. */
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
