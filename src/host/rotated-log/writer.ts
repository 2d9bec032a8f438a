/**
 * Writes lines to a log in a folder: bounded on disk by size and age, and in memory by whoever holds back lines while many
 * are pending.
 */
import { createOutage } from './outage.ts';
import { createPartWriter } from './part-writer.ts';
import type { LogWriterOptions } from './writer-options.ts';

export interface LogWriter {
  /** Appends lines, without their ends. They are in the file a tenth of a second later. */
  append(lines: readonly string[]): void;
  /** characters that are not written yet */
  pending(): number;
  /** lines that could not be written, and bytes on disk when they were counted last */
  state(): { readonly unwritten: number; readonly bytes: number; readonly error?: string };
  /** Ends a part, and removes parts, whose time is over. @param newPart ends the part in any case */
  maintain(newPart?: boolean): Promise<void>;
  /** Writes what is pending, and closes the file: lines that are appended afterwards are dropped. */
  close(): Promise<void>;
}

/** milliseconds: 10 writes a second cost nothing that can be measured */
const writeEvery = 100;

export function createLogWriter(options: LogWriterOptions): LogWriter {
  const outage = createOutage(options);
  const parts = createPartWriter(options, outage);
  const queue = createQueue();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** one thing at a time */
  let work = Promise.resolve();
  const inTurn = (one: () => Promise<void>): Promise<void> =>
    (work = work.then(one).catch((error: unknown) => outage.failed(0, error)));
  const write = async (): Promise<void> => {
    const { text, lines } = queue.take();
    if (lines === 0) return;
    await parts.write(text, lines);
    queue.written(text);
    options.onWritten();
    await parts.endWhenFull();
  };
  return {
    append(lines) {
      if (closed) return;
      queue.add(lines);
      timer ??= setTimeout(() => {
        timer = undefined;
        void inTurn(write);
      }, writeEvery);
    },
    pending: () => queue.pending(),
    state: () => ({ bytes: parts.bytes(), ...outage.state() }),
    maintain: (newPart = false) => inTurn(() => write().then(() => parts.maintain(newPart))),
    async close() {
      await inTurn(write);
      closed = true;
      clearTimeout(timer);
      // A line about lost ones may have been added by the first.
      await inTurn(write);
      await parts.close();
    },
  };
}

/** Lines that wait to be written, and the number of their characters. */
function createQueue() {
  let waiting: string[] = [];
  let pending = 0;
  return {
    add(lines: readonly string[]): void {
      for (const line of lines) {
        waiting.push(line);
        pending += line.length + 1;
      }
    },
    take(): { readonly text: string; readonly lines: number } {
      const lines = waiting;
      waiting = [];
      return { text: `${lines.join('\n')}\n`, lines: lines.length };
    },
    written: (text: string): void => void (pending -= text.length),
    pending: () => pending,
  };
}
