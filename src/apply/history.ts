/** History of this host: applied files, times and users, and the files before. */
import * as z from 'zod';
import { MustredirectError } from '../error.ts';
import type { Files } from '../host/ports.ts';
import { families } from '../address/cidr.ts';
import { onceInARow } from '../address/once.ts';
import type { Outages } from '../health/verdict.ts';
import { planLines } from '../plan/print.ts';
import type { Plan } from '../plan/step.ts';
import type { Ledger } from '../state/ledger.ts';

const formatVersion = 1;
/** number of entries, enough for troubleshooting and rollback */
const maxEntries = 20;
/** Characters of all applied files: the agent reads the history at each event, and a large file has a million. */
const maxTexts = 8 * 1024 * 1024;
/** maximum number of changes to and from direct in an entry */
const maxDirect = 20;
/** maximum number of plan lines in an entry */
const maxPlanLines = 20;

const numbers = z.record(z.string(), z.object({ table: z.number(), mark: z.number() }));

/** Applied file. */
const appliedSchema = z.object({
  /** path of the file */
  file: z.string(),
  text: z.string(),
  /** sha256 of the text, hexadecimal */
  hash: z.string(),
  /** host of the file that this machine is */
  host: z.string(),
  /** allocated tables and marks, reused on rollback to this file */
  numbers: z.object({
    gateways: numbers,
    members: numbers.exactOptional(),
    bypassBit: z.number().exactOptional(),
    checkedBit: z.number().exactOptional(),
    ownerBit: z.number().exactOptional(),
  }),
});

const entrySchema = z.object({
  /** id of the run */
  run: z.string(),
  verb: z.enum(['apply', 'rollback']),
  /** ISO 8601, UTC */
  time: z.string(),
  user: z.string(),
  /** file that was applied or undone */
  file: z.string(),
  hash: z.string(),
  /** the same file was already applied: the run repaired drift */
  again: z.boolean().exactOptional(),
  /** number of repairs in a row by the same user, of which this is the last; absent: one */
  times: z.number().exactOptional(),
  /**
   * networks that left directly, or by their gateway again, with this run, oldest first:
   * `2026-11-29T18:00:00.000Z network web: IPv4 leaves directly: no member works: gw1: eth1 is down`
   */
  direct: z.array(z.string()).exactOptional(),
  /** first lines of the plan */
  changes: z.array(z.string()),
  /** number of omitted lines */
  more: z.number(),
});

const historySchema = z.object({
  /** entries, oldest first */
  entries: z.array(entrySchema),
  /** applied files that are not undone, oldest first */
  applied: z.array(appliedSchema),
  /** whether older files existed that are no longer kept */
  older: z.boolean(),
  /** hashes of files that were undone, until another apply of them: neither boot nor agent applies them; one in old files */
  givenUp: z.union([z.string().transform((hash) => [hash]), z.array(z.string())]).exactOptional(),
});

const fileSchema = historySchema.extend({ version: z.literal(formatVersion) });

export type Applied = z.infer<typeof appliedSchema>;
/** File before tables and marks are allocated for it. */
export type Source = Omit<Applied, 'numbers'>;
export type Entry = z.infer<typeof entrySchema>;
export type History = z.infer<typeof historySchema>;
export type HistoryEntry = Omit<Entry, 'verb' | 'file' | 'hash' | 'again' | 'times'>;

/** Entry of a run that ends now. */
export function newEntry(run: string, user: string, plan?: Plan): HistoryEntry {
  const lines = plan ? planLines(plan).map(({ sign, text }) => `${sign} ${text}`) : [];
  return {
    run,
    time: new Date().toISOString(),
    user,
    changes: lines.slice(0, maxPlanLines),
    more: Math.max(0, lines.length - maxPlanLines),
  };
}

/** Changes of a run to networks that leave directly, or no longer do. */
export function directChanges(
  time: string,
  before: Ledger['leavesDirectly'] = {},
  after: Readonly<Record<string, Outages>>,
): Pick<HistoryEntry, 'direct'> {
  const networks = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const direct = networks.flatMap((network) =>
    families.flatMap((family) => {
      const outage = after[network]?.[family];
      if ((outage !== undefined) === (before[network]?.includes(family) ?? false)) return [];
      const what = outage
        ? `leaves directly: ${outage.why}`
        : 'leaves by its gateway again, and not directly';
      return [`${time} network ${network}: IPv${family} ${what}`];
    }),
  );
  return direct.length > 0 ? { direct } : {};
}

const parseHistory = onceInARow((text: string): History => {
  const { version: _, ...history } = fileSchema.parse(JSON.parse(text));
  return history;
});

export async function readHistory(files: Files, path: string): Promise<History> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return { entries: [], applied: [], older: false };
  try {
    return parseHistory(text);
  } catch (cause) {
    throw new MustredirectError('refused', `${path}: not a history of this version`, {
      hint: 'a newer mustredirect wrote it, or it is damaged: use that version, or remove the file',
      cause,
    });
  }
}

async function writeHistory(files: Files, path: string, history: History): Promise<void> {
  const { entries, applied, older } = history;
  const kept = newestOf(applied);
  const text: z.infer<typeof fileSchema> = {
    ...history,
    version: formatVersion,
    entries: entries.slice(-maxEntries),
    applied: kept,
    older: older || applied.length > kept.length,
  };
  await files.replace(path, `${JSON.stringify(text, null, 2)}\n`);
}

/** The last files, as many as there is room for, and two in any case: that in force, and that to go back to. */
function newestOf(applied: readonly Applied[]): Applied[] {
  let length = 0;
  return applied
    .slice(-maxEntries)
    .toReversed()
    .filter(({ text }, i) => {
      length += text.length;
      return i < 2 || length <= maxTexts;
    })
    .toReversed();
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
  const entry: Entry = { ...what, verb: 'apply', file, hash, ...(same ? { again: true } : {}) };
  await writeHistory(files, path, {
    ...history,
    entries: withEntry(entries, entry),
    // A repeated apply of the same file is not a state to go back to.
    applied: [...(same ? applied.slice(0, -1) : applied), source],
    ...withGivenUp((givenUp ?? []).filter((one) => one !== hash)),
  });
}

function withGivenUp(hashes: readonly string[]): Pick<History, 'givenUp'> {
  return hashes.length === 0 ? {} : { givenUp: hashes.slice(-maxEntries) };
}

/** Repairs in a row are one entry: an agent must not drive out of the history what people did. */
function withEntry(entries: readonly Entry[], entry: Entry): Entry[] {
  const last = entries.at(-1);
  const repeats = last?.again && entry.again && last.user === entry.user && last.hash === entry.hash;
  if (!repeats) return [...entries, entry];
  const direct = [...(last.direct ?? []), ...(entry.direct ?? [])].slice(-maxDirect);
  const kept = direct.length > 0 ? { direct } : {};
  return [...entries.slice(0, -1), { ...entry, ...kept, times: (last.times ?? 1) + 1 }];
}

/** Removes the last applied file, or only the run itself if it had repaired drift. */
export async function recordRollback(files: Files, path: string, what: HistoryEntry): Promise<void> {
  const history = await readHistory(files, path);
  const { entries, applied } = history;
  const undone = applied.at(-1);
  if (!undone || entries.some(({ run, verb }) => run === what.run && verb === 'rollback')) return;
  const { file, hash } = undone;
  const repairedDrift = entries.some(({ run, again }) => run === what.run && again === true);
  await writeHistory(files, path, {
    ...history,
    entries: [...entries, { ...what, verb: 'rollback', file, hash }],
    ...(repairedDrift
      ? {}
      : {
          applied: applied.slice(0, -1),
          ...withGivenUp([...(history.givenUp ?? []).filter((one) => one !== hash), hash]),
        }),
  });
}

/** Whether the run got as far as its apply entry in the history. */
export function wasApplied({ entries }: Pick<History, 'entries'>, run: string): boolean {
  return entries.some((entry) => entry.run === run && entry.verb === 'apply');
}

/** Whether the run got as far as its entry in the history, which is its last action. */
export function wasRecorded({ entries }: Pick<History, 'entries'>, run: string): boolean {
  return entries.some((entry) => entry.run === run);
}

/** File that is applied now, or undefined. */
export function appliedNow({ applied }: History): Applied | undefined {
  return applied.at(-1);
}

/** State that `rollback` goes back to: `nothing` before the first apply; undefined when it is not known. */
export function appliedBefore({ applied, older }: History): Applied | 'nothing' | undefined {
  if (applied.length > 1) return applied.at(-2);
  return applied.length === 0 || older ? undefined : 'nothing';
}
