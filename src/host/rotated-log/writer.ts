/**
 * Writes lines to a log in a folder: bounded on disk by size and age, and in memory by whoever holds back lines while many
 * are pending.
 */
import { type CurrentFile, appendWhole, endPart, keepCurrent, openCurrent } from './current-file.ts';
import { type LogLimits, partLimits } from './names.ts';
import { listParts, packParts, removeParts } from './parts.ts';

export interface LogWriterOptions {
  /** absolute path; created when it is missing */
  readonly folder: string;
  readonly limits: LogLimits;
  /** milliseconds since 1970 */
  readonly clock: () => number;
  /** lines could not be written, and are gone; called once until lines are written again */
  readonly onFailure: (message: string) => void;
  /** lines are written again: how many were lost, and since when */
  readonly onRecovery: (lost: number, since: number) => void;
  /** pending lines have been written */
  readonly onWritten: () => void;
}

export interface LogWriter {
  /** Appends lines, without their ends. They are in the file a tenth of a second later. */
  append(lines: readonly string[]): void;
  /** characters that are not written yet */
  pending(): number;
  /** lines that could not be written, and bytes on disk when they were counted last */
  state(): { readonly unwritten: number; readonly bytes: number; readonly error?: string };
  /** Ends a part, and removes parts, whose time is over. @param newPart ends the part in any case */
  maintain(newPart?: boolean): Promise<void>;
  /** Writes what is pending, and closes the file. */
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
      clearTimeout(timer);
      await inTurn(write);
      await parts.close();
    },
  };
}

/** Writes into the present part, and begins another one when it is full or old. */
function createPartWriter({ folder, limits, clock }: LogWriterOptions, outage: Outage) {
  const part = partLimits(limits);
  let file: CurrentFile | undefined;
  let bytes = 0;
  let packing = Promise.resolve();
  const endThis = async (): Promise<void> => {
    if (!file) return;
    await endPart(file, folder, clock());
    file = undefined;
    await removeParts(folder, limits, clock());
    packing = packing.then(() => packAndRemove(folder, limits, clock)).catch(outage.failedToPack);
  };
  return {
    async write(text: string, lines: number): Promise<void> {
      try {
        file ??= await openCurrent(folder, clock());
        await appendWhole(file, text);
        outage.over();
      } catch (error) {
        outage.failed(lines, error);
        await file?.handle.close().catch(() => {});
        file = undefined;
      }
    },
    endWhenFull: async () => (file && file.size >= part.size ? endThis() : undefined),
    async maintain(newPart: boolean): Promise<void> {
      file = await keepCurrent(file, folder, clock());
      if (file.size > 0 && (newPart || clock() - file.since > part.age)) await endThis();
      await removeParts(folder, limits, clock());
      bytes = (await listParts(folder)).reduce((total, { size }) => total + size, 0);
    },
    bytes: () => bytes,
    async close(): Promise<void> {
      await packing;
      await file?.handle.close();
      file = undefined;
    },
  };
}

async function packAndRemove(folder: string, limits: LogLimits, clock: () => number): Promise<void> {
  await packParts(folder);
  // One that was removed while it was packed is there again.
  await removeParts(folder, limits, clock());
}

type Outage = ReturnType<typeof createOutage>;

/** Counts lines that cannot be written. */
function createOutage({
  clock,
  onFailure,
  onRecovery,
}: Pick<LogWriterOptions, 'clock' | 'onFailure' | 'onRecovery'>) {
  let since: number | undefined;
  let lost = 0;
  let unwritten = 0;
  let error: string | undefined;
  const failed = (lines: number, cause: unknown): void => {
    lost += lines;
    unwritten += lines;
    error = cause instanceof Error ? cause.message : String(cause);
    if (since === undefined) onFailure(error);
    since ??= clock();
  };
  return {
    failed,
    failedToPack: (cause: unknown): void => failed(0, cause),
    over(): void {
      if (since === undefined) return;
      const [count, from] = [lost, since];
      [since, lost, error] = [undefined, 0, undefined];
      onRecovery(count, from);
    },
    state: () => ({ unwritten, ...(error === undefined ? {} : { error }) }),
  };
}
