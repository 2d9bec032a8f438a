/** Keeps a program running that reports events, and passes each of them on as a signal. */
import type { Stream } from '../host/process/stream.ts';

export interface MonitorPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly start: (argv: readonly string[], onOutput: (text: string) => void) => Promise<Stream>;
}

export interface Monitored {
  /** what it watches, for people: `links, addresses, routes and rules` */
  readonly what: string;
  readonly argv: readonly string[];
}

export interface MonitorState {
  readonly what: string;
  readonly command: string;
  readonly running: boolean;
  /** number of times that it was started again */
  readonly restarts: number;
  /** why it ended last */
  readonly error?: string;
}

export interface Monitor {
  state(): MonitorState;
}

/** milliseconds before a program is started again: doubled each time, up to the maximum */
const [firstPause, longestPause] = [500, 30_000];
/** A program that has run this long starts with the first pause again. */
const healthyTime = 60_000;
/** characters in one second that are a flood */
const flood = 4 * 1024 * 1024;

/**
 * @param on `signal`: an event, or the program is started again and may have missed one; `output`: what it has printed;
 *   `ended`: it has ended
 * @param end ends the program for good
 */
export function startMonitor(
  { what, argv }: Monitored,
  ports: MonitorPorts,
  on: {
    readonly signal: () => void;
    readonly output?: (text: string) => void;
    readonly ended: (state: MonitorState) => void;
  },
  end: AbortSignal,
): Monitor {
  let state: MonitorState = { what, command: argv.join(' '), running: false, restarts: 0 };
  const onStart = (): void => {
    state = { ...state, running: true };
  };
  const keepRunning = async (): Promise<void> => {
    let pause = firstPause;
    while (!end.aborted) {
      const begin = ports.now();
      const error = await runOnce(argv, ports, { ...on, started: onStart }, end);
      if (end.aborted) return;
      state = { ...state, running: false, error, restarts: state.restarts + 1 };
      on.ended(state);
      if (ports.now() - begin > healthyTime) pause = firstPause;
      await ports.sleep(pause, end);
      pause = Math.min(pause * 2, longestPause);
      on.signal();
    }
  };
  void keepRunning();
  return { state: () => state };
}

/** @returns why it ended, or could not be started */
async function runOnce(
  argv: readonly string[],
  { now, start }: MonitorPorts,
  on: { readonly signal: () => void; readonly output?: (text: string) => void; readonly started: () => void },
  end: AbortSignal,
): Promise<string> {
  let stream: Stream | undefined;
  let flooded = false;
  let second = { from: now(), bytes: 0 };
  const count = (text: string): void => {
    if (now() - second.from > 1000) second = { from: now(), bytes: 0 };
    second.bytes += text.length;
    flooded ||= second.bytes > flood;
    if (flooded) stream?.stop();
    else {
      on.output?.(text);
      on.signal();
    }
  };
  try {
    stream = await start(argv, count);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { stop, ended } = stream;
  end.addEventListener('abort', stop, { once: true });
  if (end.aborted) stop();
  on.started();
  const why = await ended;
  end.removeEventListener('abort', stop);
  return flooded ? 'it flooded us with events' : why;
}
