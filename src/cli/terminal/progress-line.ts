/** One line at the bottom of a terminal that says what is being done. It comes late, and goes without a trace. */
import type { Progress, Work } from '../../host/progress.ts';

export interface ProgressLine {
  readonly report: Progress;
  /** before something else is written; the line comes again */
  hide(): void;
  /** the work is done: it does not come again before the next report */
  end(): void;
}

/** A stream that is a terminal. */
interface Screen {
  /** characters in a line, where it is known */
  readonly columns?: number;
  write(text: string): unknown;
}

/** milliseconds that work may take without a word */
const patience = 500;
/** milliseconds */
const pace = 100;
/** To the start of the line, and empty it: ECMA-48, as every terminal since the VT100 knows it. */
const clearLine = '\r\u001B[K';

interface Busy {
  readonly since: number;
  readonly work: Work;
  /** since when that is done */
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
    if (!busy || now() - busy.since < patience) return;
    // A line that is full would wrap, and half of it would stay. A terminal that does not know its width says 0.
    show(formatWork(busy.work, now() - busy.begun).slice(0, (screen.columns || 80) - 1));
  };
  return {
    report(work) {
      busy = { since: busy?.since ?? now(), work, begun: now() };
      timer ??= setInterval(paint, pace).unref();
      // The timer waits while we compute.
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

/** @param time milliseconds that it has taken so far */
function formatWork({ what, part, objects }: Work, time: number): string {
  const seconds = Math.floor(time / 1000);
  const details = [
    ...(part ? [`${part.name} ${count(part.number)} of ${count(part.of)}`] : []),
    ...(objects === undefined ? [] : [`${count(objects)} objects`]),
    ...(seconds < 1 ? [] : [`${count(seconds)} s`]),
  ];
  return details.length > 0 ? `${what}: ${details.join(', ')}` : `${what} ...`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
