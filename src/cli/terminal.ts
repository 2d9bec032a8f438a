/** The process as the commands see it: where to print, whom to ask, what was set. */
import { styleText } from 'node:util';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** path of the Node that runs us */
  readonly node: string;
  /** what to run to run ourselves again */
  readonly self: readonly string[];
  /** the folder that we were started in */
  readonly folder: string;
  readonly interactive: boolean;
  /** results */
  print(text: string): void;
  /** everything else */
  tell(text: string): void;
  /** asks a yes-or-no question; anything but yes is no */
  confirm(question: string): Promise<boolean>;
  /** true once the user has asked us to stop */
  readonly interrupted: () => boolean;
  /** from now on Ctrl-C is noted, and the program ends in order */
  watchInterrupts(): void;
  setExitStatus(status: number): void;
  paint(color: Color, text: string): string;
}

export type Color = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

export function terminalOf(process: NodeJS.Process): Terminal {
  let stopped = false;
  const colors = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  return {
    env: process.env,
    pid: process.pid,
    node: process.execPath,
    self: [process.execPath, process.argv[1] ?? ''],
    folder: process.cwd(),
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    print: (text) => void process.stdout.write(`${text}\n`),
    tell: (text) => void process.stderr.write(`${text}\n`),
    confirm: (question) => ask(process, question),
    interrupted: () => stopped,
    watchInterrupts() {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => {
          stopped = true;
        });
      }
    },
    setExitStatus(status) {
      process.exitCode = status;
    },
    paint: (color, text) => (colors ? styleText(color, text) : text),
  };
}

async function ask(process: NodeJS.Process, question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await dialogue.question(`${question} [y/N] `)).trim());
  } catch {
    return false; // Ctrl-C or end of input
  } finally {
    dialogue.close();
  }
}
