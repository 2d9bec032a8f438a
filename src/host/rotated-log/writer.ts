/**
 * Writes lines to a log in a folder: bounded on disk by size and age, and in memory by whoever holds back lines while many
 * are pending.
 */
import { type CurrentFile, appendWhole, endPart, keepCurrent } from './current-file.ts';
import { partLimits } from './names.ts';
import { type Outage, createOutage } from './outage.ts';
import { listParts, packParts } from './parts.ts';
import { createRemoval } from './removal.ts';
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
  let waiting: string[] = [];
  let pending = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** one thing at a time */
  let work = Promise.resolve();
  const inTurn = (one: () => Promise<void>): Promise<void> =>
    (work = work.then(one).catch((error: unknown) => outage.failed(0, error)));
  const write = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    if (lines.length === 0) return;
    const text = `${lines.join('\n')}\n`;
    await parts.write(text, lines.length);
    pending -= text.length;
    options.onWritten();
    await parts.endWhenFull();
  };
  return {
    append(lines) {
      if (closed) return;
      for (const line of lines) {
        waiting.push(line);
        pending += line.length + 1;
      }
      timer ??= setTimeout(() => {
        timer = undefined;
        void inTurn(write);
      }, writeEvery);
    },
    pending: () => pending,
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

/** Writes into the present part, and begins another one when it is full or old. */
function createPartWriter({ folder, limits, clock, now, onPartEnd }: LogWriterOptions, outage: Outage) {
  const part = partLimits(limits);
  const remove = createRemoval(folder, limits, { clock, now });
  let file: CurrentFile | undefined;
  /** what the clock was ahead of monotonic time when the file was opened */
  let offset = 0;
  let bytes = 0;
  let packing = Promise.resolve();
  const keepOpen = async (): Promise<CurrentFile> => {
    if (!file) offset = clock() - now();
    return (file = await keepCurrent(file, folder, clock()));
  };
  const endThis = async (): Promise<void> => {
    if (!file) return;
    // A clock that was set back: lines of the part have later times.
    await endPart(file, folder, Math.max(clock(), Math.round(now() + offset)));
    file = undefined;
    onPartEnd();
    await remove();
    packing = packing
      .then(() => packParts(folder))
      // One that was removed while it was packed is there again.
      .then(remove)
      .catch(outage.failedToPack);
  };
  return {
    async write(text: string, lines: number): Promise<void> {
      try {
        await appendWhole(file ?? (await keepOpen()), text);
        outage.over();
      } catch (error) {
        outage.failed(lines, error);
        await file?.handle.close().catch(() => {});
        file = undefined;
      }
    },
    endWhenFull: async () => (file && file.size >= part.size ? endThis() : undefined),
    async maintain(newPart: boolean): Promise<void> {
      const { size, since } = await keepOpen();
      if (size > 0 && (newPart || clock() - since > part.age)) await endThis();
      await remove();
      bytes = (await listParts(folder)).reduce((total, one) => total + one.size, 0);
    },
    bytes: () => bytes,
    async close(): Promise<void> {
      await packing;
      await file?.handle.close();
      file = undefined;
    },
  };
}
