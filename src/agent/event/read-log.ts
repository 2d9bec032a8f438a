/** Reads records of the agent's log: from its files and from the journal of systemd. */
import { markHandled } from '../../error.ts';
import type { JournalEntry } from '../../host/process/journal.ts';
import type { Stream } from '../../host/process/stream.ts';
import { followLog } from '../../host/rotated-log/follow.ts';
import { readLog } from '../../host/rotated-log/reader.ts';
import { recordOfEntry } from './log-line.ts';
import { type LoggedRecord, recordOfText } from './record.ts';

export interface LogSources {
  /** folder of the files */
  readonly folder: string;
  /** absent: the agent of this network namespace has none */
  readonly journal?: (range: JournalRange, onEntry: (entry: JournalEntry) => void) => Promise<Stream>;
}

/** First and last millisecond since 1970. */
interface JournalRange {
  readonly from: number;
  readonly until: number;
  readonly follow?: true;
}

/** records in memory */
const recordsAtMost = 100_000;

export interface FoundRecords {
  /** in the order of their times: the last ones */
  readonly records: readonly LoggedRecord[];
  /** there are earlier ones, which are left out */
  readonly more?: true;
  /** whether there is a log at all */
  readonly isThere: boolean;
  /** what could not be read */
  readonly problems: readonly string[];
}

/** @param atMost records that are wanted: the last ones */
export async function readRecords(
  { folder, journal }: LogSources,
  { from, until }: JournalRange,
  isAsked: (record: LoggedRecord) => boolean,
  atMost: number,
): Promise<FoundRecords> {
  const last = createLast(Math.min(atMost, recordsAtMost));
  const problems: string[] = [];
  let isThere = false;
  const take = (record: LoggedRecord | undefined): void => {
    isThere ||= record !== undefined;
    if (record && isAsked(record)) last.add(record);
  };
  await readLog(folder, {
    from,
    mayHave: () => true,
    onLine: (line) => take(recordOfText(line)),
    onDamage: (problem) => problems.push(problem),
  });
  const stream = await journal?.({ from, until }, (one) =>
    take(recordOfEntry(one.line, one.time, one.priority)),
  ).catch(() => undefined);
  await stream?.ended;
  // Nothing in that time may be nothing at all.
  if (!isThere && journal) isThere = await hasEntries(journal);
  return { ...last.all(), isThere, problems };
}

async function hasEntries(journal: NonNullable<LogSources['journal']>): Promise<boolean> {
  const started: { stream?: Stream | undefined } = {};
  let found = false;
  const onEntry = (): void => {
    found = true;
    started.stream?.stop();
  };
  started.stream = await journal({ from: -Infinity, until: Infinity }, onEntry).catch(() => undefined);
  if (found) started.stream?.stop();
  await started.stream?.ended;
  return found;
}

/** Calls back with records from a moment on, until the signal is aborted. */
export async function followRecords(
  { folder, journal }: LogSources,
  from: number,
  {
    sleep,
    onRecord,
  }: {
    readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
    readonly onRecord: (record: LoggedRecord) => void;
  },
  end: AbortSignal,
): Promise<{ readonly ended: Promise<undefined> }> {
  const take = (record: LoggedRecord | undefined): void => {
    if (record && Date.parse(record.time) >= from) onRecord(record);
  };
  const files = await followLog(folder, { sleep, onLine: (line) => take(recordOfText(line)) }, end);
  const entries = await journal?.({ from, until: Infinity, follow: true }, (one) =>
    take(recordOfEntry(one.line, one.time, one.priority)),
  ).catch(() => undefined);
  end.addEventListener('abort', () => entries?.stop(), { once: true });
  if (end.aborted) entries?.stop();
  return { ended: markHandled(Promise.all([files.ended, entries?.ended]).then(() => undefined)) };
}

/** The last records by their times; those of one source come in their order. */
function createLast(atMost: number) {
  let kept: LoggedRecord[] = [];
  let more = false;
  const cut = (): void => {
    kept.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
    more ||= kept.length > atMost;
    kept = atMost === 0 ? [] : kept.slice(-atMost);
  };
  return {
    add(record: LoggedRecord): void {
      kept.push(record);
      if (kept.length > 2 * Math.max(atMost, 1000)) cut();
    },
    all(): Pick<FoundRecords, 'records' | 'more'> {
      cut();
      return { records: kept, ...(more ? { more } : {}) };
    },
  };
}
