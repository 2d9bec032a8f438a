/** What was applied on this host, when, and by whom; and what was there before. */
import * as z from 'zod';
import { MustredirectError } from '../error.ts';
import type { Files } from '../host/ports.ts';
import { removeState } from '../host/files/state-files.ts';

const formatVersion = 1;
/** enough to find out what happened, and to go back */
const kept = 20;

/** A file as it was applied. */
const appliedSchema = z.object({
  /** its path */
  file: z.string(),
  text: z.string(),
  /** sha256 of the text, hexadecimal */
  hash: z.string(),
  /** the host of the file that this machine is */
  host: z.string(),
  /** tables and marks that were chosen for it: they are the same again when one goes back to it */
  numbers: z.object({
    gateways: z.record(z.string(), z.object({ table: z.number(), mark: z.number() })),
    bypassBit: z.number().exactOptional(),
    checkedBit: z.number().exactOptional(),
    ownerBit: z.number().exactOptional(),
  }),
});

const entrySchema = z.object({
  /** the run that did it */
  run: z.string(),
  verb: z.enum(['apply', 'rollback']),
  /** ISO 8601, UTC */
  time: z.string(),
  user: z.string(),
  /** what was applied, or what was undone */
  file: z.string(),
  hash: z.string(),
  /** the same file was applied already: the run has mended what others had changed */
  again: z.boolean().exactOptional(),
  /** lines of the plan, the first of them */
  changes: z.array(z.string()),
  /** lines that are left out */
  more: z.number(),
});

const historySchema = z.object({
  /** what happened, oldest first */
  entries: z.array(entrySchema),
  /** the applies that are not undone, oldest first */
  applied: z.array(appliedSchema),
  /** there were older ones, and they are not known any more */
  older: z.boolean(),
  /** the hash of what was undone last, while it is not applied anew: at boot it is not applied by itself */
  givenUp: z.string().exactOptional(),
});

const fileSchema = historySchema.extend({ version: z.literal(formatVersion) });

export type Applied = z.infer<typeof appliedSchema>;
export type Entry = z.infer<typeof entrySchema>;
export type History = z.infer<typeof historySchema>;
export type HistoryEntry = Omit<Entry, 'verb' | 'file' | 'hash' | 'again'>;

export async function readHistory(files: Files, path: string): Promise<History> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return { entries: [], applied: [], older: false };
  try {
    const { version: _, ...history } = fileSchema.parse(JSON.parse(text));
    return history;
  } catch (cause) {
    throw new MustredirectError('refused', `${path}: not a history of this version`, {
      hint: 'a newer mustredirect wrote it, or it is damaged: use that version, or remove the file',
      cause,
    });
  }
}

async function writeHistory(files: Files, path: string, history: History): Promise<void> {
  const { entries, applied, older } = history;
  const text: z.infer<typeof fileSchema> = {
    ...history,
    version: formatVersion,
    entries: entries.slice(-kept),
    applied: applied.slice(-kept),
    older: older || applied.length > kept,
  };
  await files.replace(path, `${JSON.stringify(text, null, 2)}\n`);
}

export async function recordApply(
  files: Files,
  path: string,
  what: HistoryEntry,
  source: Applied,
): Promise<void> {
  const { givenUp, ...history } = await readHistory(files, path);
  const { entries, applied } = history;
  const { file, hash } = source;
  const same = applied.at(-1)?.hash === hash;
  await writeHistory(files, path, {
    ...history,
    entries: [...entries, { ...what, verb: 'apply', file, hash, ...(same ? { again: true } : {}) }],
    // What was mended with the same file is nothing to go back from.
    applied: [...(same ? applied.slice(0, -1) : applied), source],
    ...(givenUp === undefined || givenUp === hash ? {} : { givenUp }),
  });
}

/** The last apply that was not undone yet, is; or the run itself, when it had only mended. */
export async function recordRollback(files: Files, path: string, what: HistoryEntry): Promise<void> {
  const history = await readHistory(files, path);
  const { entries, applied } = history;
  const undone = applied.at(-1);
  if (!undone || entries.some(({ run, verb }) => run === what.run && verb === 'rollback')) return;
  const { file, hash } = undone;
  const mended = entries.some(({ run, again }) => run === what.run && again === true);
  await writeHistory(files, path, {
    ...history,
    entries: [...entries, { ...what, verb: 'rollback', file, hash }],
    ...(mended ? {} : { applied: applied.slice(0, -1), givenUp: hash }),
  });
}

export async function removeHistory(files: Files, path: string): Promise<void> {
  await removeState(files, path);
}

/** Whether the run came so far that it was written down as applied. */
export function wasApplied({ entries }: Pick<History, 'entries'>, run: string): boolean {
  return entries.some((entry) => entry.run === run && entry.verb === 'apply');
}

/** Whether the run came so far that it was written down: that is the last thing that it does. */
export function wasRecorded({ entries }: Pick<History, 'entries'>, run: string): boolean {
  return entries.some((entry) => entry.run === run);
}

/** What is applied now; nothing when nothing is. */
export function appliedNow({ applied }: History): Applied | undefined {
  return applied.at(-1);
}

/** What `rollback` goes back to: `nothing` before the first apply; undefined when there is no way back. */
export function appliedBefore({ applied, older }: History): Applied | 'nothing' | undefined {
  if (applied.length > 1) return applied.at(-2);
  return applied.length === 0 || older ? undefined : 'nothing';
}
