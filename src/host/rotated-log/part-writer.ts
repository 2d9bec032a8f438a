/** Writes into the present part of a log, and begins another one when it is full or old. */
import { type CurrentFile, appendWhole, endPart, keepCurrent } from './current-file.ts';
import { partLimits } from './names.ts';
import type { Outage } from './outage.ts';
import { listParts, packParts } from './parts.ts';
import { createRemoval } from './removal.ts';
import type { LogWriterOptions } from './writer-options.ts';

export function createPartWriter(options: LogWriterOptions, outage: Outage) {
  const { folder, limits, clock } = options;
  const part = partLimits(limits);
  const present = createPresentPart(options);
  const remove = createRemoval(folder, limits, options);
  let bytes = 0;
  let packing = Promise.resolve();
  const endThis = async (): Promise<void> => {
    await present.end();
    options.onPartEnd();
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
        await appendWhole(present.file() ?? (await present.keep()), text);
        outage.over();
      } catch (error) {
        outage.failed(lines, error);
        await present.close().catch(() => {});
      }
    },
    endWhenFull: async () => ((present.file()?.size ?? 0) >= part.size ? endThis() : undefined),
    async maintain(newPart: boolean): Promise<void> {
      const { size, since } = await present.keep();
      if (size > 0 && (newPart || clock() - since > part.age)) await endThis();
      await remove();
      bytes = (await listParts(folder)).reduce((total, one) => total + one.size, 0);
    },
    bytes: () => bytes,
    async close(): Promise<void> {
      await packing;
      await present.close();
    },
  };
}

function createPresentPart({ folder, clock, now }: LogWriterOptions) {
  let file: CurrentFile | undefined;
  /** what the clock was ahead of monotonic time when the file was opened */
  let offset = 0;
  return {
    file: () => file,
    /** Opens it if it is not open, or has been removed. */
    async keep(): Promise<CurrentFile> {
      if (!file) offset = clock() - now();
      return (file = await keepCurrent(file, folder, clock()));
    },
    async end(): Promise<void> {
      // A clock that was set back: lines of the part have later times.
      if (file) await endPart(file, folder, Math.max(clock(), Math.round(now() + offset)));
      file = undefined;
    },
    async close(): Promise<void> {
      const closing = file;
      file = undefined;
      await closing?.handle.close();
    },
  };
}
