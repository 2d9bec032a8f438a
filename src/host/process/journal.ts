/** Reads what a unit has written to the journal of systemd. */
import * as z from 'zod';
import { createLineSplitter } from './lines.ts';
import { type ByteStream, startByteStream } from './stream.ts';

export interface JournalEntry {
  readonly line: string;
  /** milliseconds since 1970 */
  readonly time: number;
  /** 0 to 7, of syslog(3) */
  readonly priority: number;
}

export interface JournalQuestion {
  readonly unit: string;
  /** milliseconds since 1970; infinite: from the first entry */
  readonly from: number;
  /** milliseconds since 1970; infinite: to the last entry */
  readonly until: number;
  /** goes on with what is written from then on */
  readonly follow?: true;
}

/** Output of `journalctl -o json`: texts, but a message with control characters, or that is no UTF-8, is a list of bytes. */
const entry = z.object({
  MESSAGE: z.union([z.string(), z.array(z.int().min(0).max(255))]).nullish(),
  PRIORITY: z.string().exactOptional(),
  __REALTIME_TIMESTAMP: z.string(),
});

/**
 * Starts `journalctl`. Without a journal, or without the program, there are no entries.
 *
 * @param onEntry called with each entry, the oldest first
 */
export function readJournal(
  question: JournalQuestion,
  onEntry: (entry: JournalEntry) => void,
  start: typeof startByteStream = startByteStream,
): Promise<ByteStream> {
  const decoder = new TextDecoder();
  const linesOf = createLineSplitter();
  return start(journalCommand(question), (chunk) => {
    for (const line of linesOf(decoder.decode(chunk, { stream: true }))) {
      const found = entryOf(line);
      if (found) onEntry(found);
    }
  });
}

/** Without `--all`, long messages are left out. */
function journalCommand({ unit, from, until, follow }: JournalQuestion): string[] {
  const fields = '--output-fields=MESSAGE,PRIORITY';
  return [
    'journalctl',
    '--unit',
    unit,
    '--output=json',
    fields,
    '--all',
    '--no-pager',
    '--quiet',
    ...(Number.isFinite(from) ? [`--since=@${secondsOf(from)}`] : []),
    ...(Number.isFinite(until) ? [`--until=@${secondsOf(until)}`] : []),
    ...(follow ? ['--follow', '--no-tail'] : []),
  ];
}

function secondsOf(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** Undefined for a line that is no entry. */
function entryOf(line: string): JournalEntry | undefined {
  try {
    const { data } = entry.safeParse(JSON.parse(line));
    if (!data) return undefined;
    const { MESSAGE: message, PRIORITY: priority = '6', __REALTIME_TIMESTAMP: time } = data;
    const text = typeof message === 'string' ? message : Buffer.from(message ?? []).toString();
    return { line: text, time: Math.floor(Number(time) / 1000), priority: Number(priority) };
  } catch {
    return undefined;
  }
}
