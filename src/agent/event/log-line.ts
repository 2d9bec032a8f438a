/** Lines of the agent's log: for a person, for a program, and for the journal of systemd. Pure. */
import { oneLine } from './event-text.ts';
import { type Level, levelOfPriority, priorities } from './level.ts';
import { type LoggedRecord, recordOfText, recordText } from './record.ts';

/** `text`: for people; `json`: one object a line; `journal`: text with a priority, and the fields behind it */
export const logFormats = ['text', 'json', 'journal'] as const;
export type LogFormat = (typeof logFormats)[number];

/** Characters of a text, and elements of a list: journald cuts lines of 48 KiB, and nobody reads so much. */
const [textAtMost, listAtMost] = [4000, 50];

export function lineOf(record: LoggedRecord, format: LogFormat): string {
  const bounded = boundedRecord(record);
  switch (format) {
    case 'text':
      return `${bounded.time} ${bounded.level.padEnd('warning'.length)} ${recordText(bounded)}`;
    case 'json':
      return JSON.stringify(bounded);
    case 'journal': {
      // The journal has the time and the level itself.
      const { time: _, level, message: __, kind, ...rest } = bounded;
      return `<${priorities[level]}>${recordText(bounded)} ${JSON.stringify({ kind, ...rest })}`;
    }
  }
}

/**
 * Record of an entry of the journal. A line that the agent has not written as a record, such as one of Node.js when it
 * crashes, is a message.
 *
 * @param time milliseconds since 1970
 */
export function recordOfEntry(line: string, time: number, priority: number): LoggedRecord {
  const whole = recordOfText(line);
  if (whole) return whole;
  const at = { time: new Date(time).toISOString(), level: levelOfPriority(priority) };
  const begin = line.lastIndexOf(fieldsBegin);
  const record = begin > 0 ? withFields(at, line.slice(0, begin), line.slice(begin + 1)) : undefined;
  return record ?? { ...at, kind: 'message', message: oneLine(line) };
}

/** Within a text of the fields, it has backslashes. */
const fieldsBegin = ' {"kind":';

function withFields(
  at: { readonly time: string; readonly level: Level },
  text: string,
  fields: string,
): LoggedRecord | undefined {
  try {
    const found: unknown = JSON.parse(fields);
    if (typeof found !== 'object') return undefined;
    const record = recordOfText(JSON.stringify({ ...at, ...found, message: text }));
    return record && { ...record, message: withoutRepeats(record) };
  } catch {
    return undefined;
  }
}

/** The text of the journal says already how often: the fields do, too. */
function withoutRepeats(record: LoggedRecord): string {
  const { message } = record;
  const suffix = recordText({ ...record, message: '' });
  return suffix !== '' && message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
}

function boundedRecord(record: LoggedRecord): LoggedRecord {
  const bounded = Object.entries(record).map(([key, value]) => [key, boundedValue(value)]);
  return Object.fromEntries(bounded) as LoggedRecord;
}

function boundedValue(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > textAtMost ? `${value.slice(0, textAtMost)}… (cut)` : value;
  if (!Array.isArray(value) || value.length <= listAtMost) return value;
  const list: readonly unknown[] = value;
  return [...list.slice(0, listAtMost), `… and ${list.length - listAtMost} more`];
}
