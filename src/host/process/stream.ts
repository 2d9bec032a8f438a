/** Runs a program that reports events for as long as it runs. Its output is passed on, and not kept. */
import { spawn } from 'node:child_process';
import { endingWithStdin, started } from './background.ts';
import { killGroup } from './process-group.ts';

export interface Stream {
  /** why it ended; never rejects */
  readonly ended: Promise<string>;
  /** ends the program and everything that it started */
  readonly stop: () => void;
}

/** number of characters of stderr that are kept, to say why a program ended */
const keptError = 500;

/** Stream of a program whose output is not text, and may come faster than it is read. */
export interface ByteStream extends Stream {
  /** pid of the program */
  readonly pid: number;
  /** Stops, or goes on, to read its output: a program whose output nobody reads waits. */
  readonly hold: (held: boolean) => void;
}

/**
 * Starts a program that ends with this process, also when it is killed.
 *
 * @param onOutput called with what it has printed, which may end within a line
 * @param onError called with what it has printed as errors, while it may go on
 */
export async function startStream(
  argv: readonly string[],
  onOutput: (text: string) => void,
  onError?: (text: string) => void,
): Promise<Stream> {
  return startByteStream(argv, (chunk) => onOutput(chunk.toString()), onError);
}

/** @param onOutput called with what it has written */
export async function startByteStream(
  argv: readonly string[],
  onOutput: (chunk: Buffer) => void,
  onError: (text: string) => void = () => {},
): Promise<ByteStream> {
  const child = spawn('env', ['LC_ALL=C', ...endingWithStdin(argv)], { detached: true });
  await started(child, argv);
  let printed = '';
  child.stdin.on('error', () => {});
  child.stdout.on('data', onOutput);
  child.stderr.on('data', (chunk: Buffer) => {
    printed = `${printed}${chunk.toString()}`.slice(-keptError);
    onError(chunk.toString());
  });
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      const how = signal === null ? `exit ${code ?? 1}` : signal;
      resolve([how, ...printed.trim().split('\n').slice(-1)].filter(Boolean).join(': '));
    });
  });
  return {
    ended,
    pid: child.pid ?? 0,
    hold: (held) => void (held ? child.stdout.pause() : child.stdout.resume()),
    stop: () => killGroup(child),
  };
}
