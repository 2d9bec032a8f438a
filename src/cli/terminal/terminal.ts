/** Terminal of a command: output, questions, signals and environment. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { userInfo } from 'node:os';
import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import type { Caller } from '../../apply/run/caller.ts';
import type { Progress } from '../../host/progress.ts';
import { wantsJson } from './wants-json.ts';
import { createInterrupts } from './interrupts.ts';
import { type ProgressLine, createProgressLine } from './progress-line.ts';

export interface Terminal extends Caller {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** user who runs the command; with sudo, the user who ran sudo */
  readonly user: string;
  /** path of Node */
  readonly node: string;
  /** command that runs this program again */
  readonly self: readonly string[];
  /** folder of this program, with its examples */
  readonly root: string;
  /** working directory */
  readonly folder: string;
  /** whether a user sees the output and can answer questions */
  readonly interactive: boolean;
  /** prints results to stdout */
  print(text: string): void;
  /** prints everything else to stderr: `warning: ...` with a label */
  tell(text: string, label?: Label): void;
  /** asks a yes-or-no question; anything but yes is no, including Ctrl-C and the end of the input */
  confirm(question: string): Promise<boolean>;
  /** reports progress; absent when no user sees it */
  readonly progress: Progress | undefined;
  /** registers a function that is called at the end, after success or failure */
  whenDone(last: () => void): void;
  /** clears the progress line, and calls the functions of `whenDone` */
  endProgress(): void;
  /** aborted when a signal arrives while signals are watched */
  readonly interrupt: AbortSignal;
  /** from now on, Ctrl-C prints this text before it ends the program */
  endOnInterrupt(text: string): void;
  /** from now on, Ctrl-C only aborts `interrupt` and prints the text, if any; the program ends in order */
  watchInterrupts(text?: string): void;
  setExitStatus(status: number): void;
  /** colours for `print` */
  readonly paint: Paint;
  /** colours for `tell` */
  readonly paintStderr: Paint;
}

const labelColors = {
  damaged: 'yellow',
  error: 'red',
  'not given back': 'red',
  note: 'yellow',
  undone: 'yellow',
  'waits to be confirmed': 'yellow',
  warning: 'yellow',
} as const;
export type Label = keyof typeof labelColors;

type Color = 'green' | 'red' | 'yellow' | 'dim';
type Paint = (color: Color, text: string) => string;

export function withLabel(text: string, label: Label | undefined, paint: Paint): string {
  return label === undefined ? text : `${paint(labelColors[label], `${label}:`)} ${text}`;
}

export function terminalOf(process: NodeJS.Process): Terminal {
  const { env, stdin, stdout, stderr } = process;
  const [node, file = ''] = [process.execPath, process.argv[1]];
  ignoreClosedStreams(process);
  const line = progressLineOf(process);
  const paintStderr = painter(stderr, env);
  const tell = stderrWriter(stderr, line, paintStderr);
  const interrupts = createInterrupts(process, tell);
  return {
    env,
    pid: process.pid,
    user: env['SUDO_USER'] ?? env['DOAS_USER'] ?? userName(),
    node,
    self: [node, file],
    root: rootOf(file),
    folder: process.cwd(),
    interactive: [stdin, stdout, stderr].every(({ isTTY }) => isTTY),
    print(text) {
      line?.end();
      stdout.write(`${text}\n`);
    },
    tell,
    confirm(question) {
      line?.end();
      return ask(process, question);
    },
    progress: line?.report,
    ...endingOf(line),
    interrupt: interrupts.signal,
    endOnInterrupt: interrupts.end,
    watchInterrupts: interrupts.watch,
    setExitStatus(status) {
      process.exitCode = status;
    },
    paint: painter(stdout, env),
    paintStderr,
  };
}

function stderrWriter(
  stderr: NodeJS.WriteStream,
  line: ProgressLine | undefined,
  paint: Paint,
): Terminal['tell'] {
  return (text, label) => {
    line?.hide();
    stderr.write(`${withLabel(text, label, paint)}\n`);
  };
}

/** The progress line needs a terminal, and is off with --json, in CI and on a dumb terminal. */
function progressLineOf({ env, argv, stderr }: NodeJS.Process): ProgressLine | undefined {
  const seen = stderr.isTTY && env['TERM'] !== 'dumb' && !env['CI'] && !wantsJson(argv);
  return seen ? createProgressLine(stderr) : undefined;
}

function endingOf(line: ProgressLine | undefined): Pick<Terminal, 'whenDone' | 'endProgress'> {
  const last: (() => void)[] = [];
  return {
    whenDone: (act) => void last.push(act),
    endProgress() {
      line?.end();
      for (const act of last.splice(0)) act();
    },
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`; // /etc/passwd does not list the user
  }
}

/** The program's file is one folder below the root: bin/start.js. */
function rootOf(file: string): string {
  try {
    return resolve(realpathSync(file), '../..');
  } catch {
    return resolve(file, '../..');
  }
}

function painter({ isTTY }: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Paint {
  // no-color.org: an empty NO_COLOR has no effect.
  const colors = isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  // The stream was checked above; styleText would check stdout.
  return (color, text) => (colors ? styleText(color, text, { validateStream: false }) : text);
}

/**
 * Ignores errors of a reader that has ended (`| head`) or of a closed terminal, which must not interrupt a change. A
 * result that cannot be written, for example to a full disk, is an error.
 */
function ignoreClosedStreams(process: NodeJS.Process): void {
  const gone = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);
  let reported = false;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (reported || gone.has(error.code ?? '')) return;
    reported = true;
    process.stderr.write(`error: the result cannot be written: ${error.message}\n`);
    process.exitCode ||= 1;
  });
}

/**
 * Last call of the process. If the terminal has been closed, Node would abort at exit, because it cannot restore the
 * terminal settings (src/node.cc, ResetStdio): the process ends by SIGHUP instead, as programs do without their
 * terminal.
 */
export function endWithTerminal(process: NodeJS.Process): void {
  const { stdin, stdout, stderr } = process;
  if (![stdin, stdout, stderr].some(({ isTTY, fd }) => isTTY && !isatty(fd))) return;
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}

async function ask(process: NodeJS.Process, question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((answered) => {
    dialogue.once('close', () => {
      process.stderr.write('\n'); // ends the line of the question
      answered('');
    });
    dialogue.question(`${question} [y/N] `, (text) => {
      dialogue.removeAllListeners('close');
      answered(text);
    });
  });
  dialogue.close();
  return /^y(es)?$/i.test(answer.trim());
}
