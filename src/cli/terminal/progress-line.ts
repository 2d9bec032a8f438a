/** Progress line at the bottom of a terminal. It appears with a delay, and is cleared at the end. */
import type { Progress, Work } from '../../host/progress.ts';

export interface ProgressLine {
  readonly report: Progress;
  /** clears the line before other output; it is shown again */
  hide(): void;
  /** ends the work: the line stays cleared until the next report */
  end(): void;
}

/** Stream that is a terminal. */
interface Screen {
  /** width in characters, if known */
  readonly columns?: number;
  write(text: string): unknown;
}

/** milliseconds before the line is shown */
const delay = 500;
/** milliseconds between updates */
const interval = 100;
/** Moves to the start of the line and clears it: ECMA-48, supported since the VT100. */
const clearLine = '\r\u001B[K';

interface Busy {
  readonly since: number;
  readonly work: Work;
  /** time when the work began */
  readonly begun: number;
}

export function createProgressLine(screen: Screen, now = (): number => performance.now()): ProgressLine {
  let busy: Busy | undefined;
  let shown = '';
  let timer: NodeJS.Timeout | undefined;
  const show = (text: string): void => {
    if (text === shown) return;
    screen.write(`${shown === '' ? '' : clearLine}${text}`);
    shown = text;
  };
  const paint = (): void => {
    if (!busy || now() - busy.since < delay) return;
    // A full line would wrap, and half of it would stay. A terminal with unknown width reports 0.
    show(formatWork(busy.work, now() - busy.begun).slice(0, (screen.columns || 80) - 1));
  };
  return {
    report(work) {
      busy = { since: busy?.since ?? now(), work, begun: now() };
      timer ??= setInterval(paint, interval).unref();
      // The timer does not fire during long computations.
      paint();
    },
    hide: () => show(''),
    end() {
      show('');
      clearInterval(timer);
      timer = busy = undefined;
    },
  };
}

/** @param time elapsed milliseconds */
function formatWork({ what, step, objects }: Work, time: number): string {
  const seconds = Math.floor(time / 1000);
  const details = [
    ...(step ? [`${step.name} ${count(step.number)} of ${count(step.of)}`] : []),
    ...(objects === undefined ? [] : [`${count(objects)} objects`]),
    ...(seconds < 1 ? [] : [`${count(seconds)} s`]),
  ];
  return details.length > 0 ? `${what}: ${details.join(', ')}` : `${what} ...`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
