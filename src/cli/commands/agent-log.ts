/** The agent's log: its level and format by options or the environment, stderr, and files where no journal keeps it. */
import { fstatSync } from 'node:fs';
import { createEventLog, type EventLog } from '../../agent/event/event-log.ts';
import type { RunLabel } from '../../agent/event/agent-event.ts';
import { type Level, levels } from '../../agent/event/level.ts';
import { type LogFormat, lineOf, logFormats } from '../../agent/event/log-line.ts';
import { MustredirectError } from '../../error.ts';
import { type LogWriter, createLogWriter } from '../../host/rotated-log/writer.ts';
import type { Label, Terminal } from '../terminal/terminal.ts';

export interface LogOptions {
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly verbose?: true | undefined;
}

export interface StartedLog {
  readonly log: EventLog;
  readonly level: Level;
  /** systemd keeps what goes to stderr */
  readonly inJournal: boolean;
}

/** A log that goes to stderr. @throws `usage`: a level or format that does not exist */
export function startLog(terminal: Pick<Terminal, 'env' | 'tell'>, options: LogOptions): StartedLog {
  const { env } = terminal;
  const level = levelOf(env, options);
  const inJournal = isJournal(env['JOURNAL_STREAM']);
  const format: LogFormat =
    choice('--log-format', options.logFormat, logFormats) ??
    choice('MUSTREDIRECT_LOG_FORMAT', env['MUSTREDIRECT_LOG_FORMAT'], logFormats) ??
    (inJournal ? 'journal' : 'text');
  const log = createEventLog({
    now: () => performance.now(),
    clock: () => Date.now(),
    later: (milliseconds, work) => void setTimeout(work, milliseconds).unref(),
  });
  log.writeTo((record) => terminal.tell(lineOf(record, format)), level);
  return { log, level, inJournal };
}

/** With `-v`, everything. */
function levelOf(env: Terminal['env'], { logLevel, verbose }: LogOptions): Level {
  const asked =
    choice('--log-level', logLevel, levels) ??
    choice('MUSTREDIRECT_LOG_LEVEL', env['MUSTREDIRECT_LOG_LEVEL'], levels);
  return verbose ? 'debug' : (asked ?? 'info');
}

function choice<T extends string>(
  where: string,
  text: string | undefined,
  known: readonly T[],
): T | undefined {
  if (text === undefined || text === '') return undefined;
  const found = known.find((one) => one === text);
  if (found !== undefined) return found;
  throw new MustredirectError('usage', `${where} ${text}: there is no such choice`, {
    hint: `there are ${known.join(', ')}`,
  });
}

/** Whether stderr goes to the journal of systemd, by the variable that it sets for that: systemd.exec(5). */
function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return stream === `${dev}:${ino}`;
}

/** On disk: months of a quiet host, and a day of one where everything flaps. */
const limits = { size: 16 * 1024 ** 2, age: 90 * 86_400_000 };
/** milliseconds between two looks at what is too old */
const maintainEvery = 3_600_000;

/** Writes records to files as well, which only root may read. */
export function keepLog(log: EventLog, folder: string, level: Level): Pick<LogWriter, 'close'> {
  const tell = (text: string, well: boolean): void =>
    log.emit({ kind: 'log', text, ...(well ? { well } : {}) });
  const writer = createLogWriter({
    folder,
    limits,
    clock: () => Date.now(),
    now: () => performance.now(),
    onPartEnd() {},
    onWritten() {},
    onFailure: (message, lost) =>
      tell(`${lost === 0 ? 'earlier parts are not packed or removed' : 'lines are lost'}: ${message}`, false),
    onRecovery: (lost) => tell(`lines are written again; ${lost} are lost`, true),
  });
  log.writeTo((record) => writer.append([lineOf(record, 'json')]), level);
  void writer.maintain();
  const timer = setInterval(() => void writer.maintain(), maintainEvery).unref();
  return {
    close() {
      clearInterval(timer);
      return writer.close();
    },
  };
}

const labelsOfRuns: Readonly<Record<Label, RunLabel>> = {
  note: 'note',
  'waits to be confirmed': 'note',
  undone: 'undone',
  warning: 'warning',
  damaged: 'warning',
  'not given back': 'error',
  error: 'error',
};

export function runLabel(label: Label | undefined): { readonly label?: RunLabel } {
  return label === undefined ? {} : { label: labelsOfRuns[label] };
}
