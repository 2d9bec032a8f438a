/** The process as the commands see it: where to print, whom to ask, what was set. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { userInfo } from 'node:os';
import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import type { Caller } from '../../apply/run/caller.ts';
import type { Progress } from '../../host/progress.ts';
import { asksForJson } from './asks-for-json.ts';
import { createInterrupts } from './interrupts.ts';
import { type ProgressLine, createProgressLine } from './progress-line.ts';

export interface Terminal extends Caller {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** who has called us: the one who called sudo, where there is one */
  readonly user: string;
  /** path of the Node that runs us */
  readonly node: string;
  /** what to run to run ourselves again */
  readonly self: readonly string[];
  /** the folder that this program lies in, with its examples */
  readonly root: string;
  /** the folder that we were started in */
  readonly folder: string;
  /** whether somebody sees what we print and ask, and can answer */
  readonly interactive: boolean;
  /** results, to stdout */
  print(text: string): void;
  /** everything else, to stderr: `warning: ...` with a label */
  tell(text: string, label?: Label): void;
  /** asks a yes-or-no question; anything but yes is no, and so are Ctrl-C and the end of the input */
  confirm(question: string): Promise<boolean>;
  /** where somebody sees it: what is being done, as long as that takes */
  readonly progress: Progress | undefined;
  /** called once all is done, well or not */
  whenDone(last: () => void): void;
  /** takes away what progress has shown, and calls what is to be called then */
  endProgress(): void;
  /** aborted once the user has asked us to stop, while that is watched */
  readonly interrupt: AbortSignal;
  /** from now on Ctrl-C ends the program with a word; before, without one */
  endOnInterrupt(text: string): void;
  /** from now on Ctrl-C is noted, and told where there is a text for it, and the program ends in order */
  watchInterrupts(text?: string): void;
  setExitStatus(status: number): void;
  /** colours for what is printed */
  readonly paint: Paint;
  /** colours for what is told */
  readonly paintTold: Paint;
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
  outliveReaders(process);
  const line = progressLineOf(process);
  const paintTold = painter(stderr, env);
  const tell = tellOn(stderr, line, paintTold);
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
    paintTold,
  };
}

function tellOn(stderr: NodeJS.WriteStream, line: ProgressLine | undefined, paint: Paint): Terminal['tell'] {
  return (text, label) => {
    line?.hide();
    stderr.write(`${withLabel(text, label, paint)}\n`);
  };
}

/** Where nobody looks at it, and for a program, nothing is written that is taken away again. */
function progressLineOf({ env, argv, stderr }: NodeJS.Process): ProgressLine | undefined {
  const seen = stderr.isTTY && env['TERM'] !== 'dumb' && !env['CI'] && !asksForJson(argv);
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
    return `uid ${process.getuid?.()}`; // one that /etc/passwd does not know
  }
}

/** Our own file lies one folder below: bin/start.js. */
function rootOf(file: string): string {
  try {
    return resolve(realpathSync(file), '../..');
  } catch {
    return resolve(file, '../..');
  }
}

function painter({ isTTY }: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Paint {
  // no-color.org: an empty NO_COLOR means nothing.
  const colors = isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  // We have looked at the stream that it is for; styleText would look at stdout.
  return (color, text) => (colors ? styleText(color, text, { validateStream: false }) : text);
}

/**
 * A reader that has seen enough (`| head`), or a terminal that was closed, is no error, least of all in the
 * middle of a change. A result that could not be written, to a full disk, is one.
 */
function outliveReaders(process: NodeJS.Process): void {
  const gone = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);
  let told = false;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (told || gone.has(error.code ?? '')) return;
    told = true;
    process.stderr.write(`error: the result cannot be written: ${error.message}\n`);
    process.exitCode ||= 1;
  });
}

/**
 * The last thing that we do. When the terminal was closed meanwhile, Node would abort on its way out, because it
 * cannot set the terminal back (src/node.cc, ResetStdio): we end as every program does that outlived its
 * terminal.
 */
export function endLikeTerminal(process: NodeJS.Process): void {
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
      process.stderr.write('\n'); // the question still stands at the end of its line
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
