import { type AskedNames, type LogQuestion, aboutOf, isAsked } from '../../agent/event/question.ts';
import type { Level } from '../../agent/event/level.ts';
import {
  type FoundRecords,
  type LogSources,
  followRecords,
  readRecords,
} from '../../agent/event/read-log.ts';
import { type LoggedRecord, recordText } from '../../agent/event/record.ts';
import { pause } from '../../agent/pause.ts';
import { type TimeRange, checkOrder } from '../../agent/time-range.ts';
import { appliedNow, readHistory } from '../../apply/history.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { agentUnit } from '../../boot/units.ts';
import { MustredirectError } from '../../error.ts';
import { readJournal } from '../../host/process/journal.ts';
import { parseSpec } from '../../spec/parse.ts';
import type { Spec } from '../../spec/spec.ts';
import { type ContextOptions, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface LogsOptions extends ContextOptions, AskedNames {
  readonly since?: TimeRange | undefined;
  readonly until?: TimeRange | undefined;
  readonly follow?: true | undefined;
  readonly lines?: number | undefined;
  readonly level: Level;
  readonly json?: true | undefined;
}

/** with --follow */
const linesBefore = 10;

export async function showLogs(terminal: Terminal, options: LogsOptions): Promise<void> {
  const context = await openContext(terminal, options);
  const question = questionOf(options, await appliedSpec(context));
  const sources = sourcesOf(context);
  const print = (record: LoggedRecord): void =>
    terminal.print(options.json ? JSON.stringify(record) : formatRecord(record, terminal));
  const now = Date.now();
  const isWanted = (record: LoggedRecord): boolean => isAsked(record, question);
  if (!options.follow) {
    const found = await readRecords(sources, question, isWanted, options.lines ?? Infinity);
    found.records.forEach(print);
    return tellFound(terminal, found, options);
  }
  terminal.watchInterrupts();
  // Begun before the rest is read, so that no record comes between the two.
  let hold: LoggedRecord[] | undefined = [];
  const onRecord = (record: LoggedRecord): void => {
    if (!isWanted(record)) return;
    if (hold) hold.push(record);
    else print(record);
  };
  const following = await followRecords(sources, now, { sleep: pause, onRecord }, terminal.interrupt);
  const before = { ...question, until: Math.min(question.until, now - 1) };
  const atMost = options.lines ?? (options.since ? Infinity : linesBefore);
  const found = await readRecords(sources, before, (record) => isAsked(record, before), atMost);
  [...found.records, ...hold].forEach(print);
  hold = undefined;
  if (!found.isThere) terminal.tell('there is no log yet: the agent begins one', 'note');
  await following.ended;
}

function questionOf(options: LogsOptions, spec: Spec | undefined): LogQuestion {
  const { since, until, follow, level } = options;
  checkOrder(since, until);
  if (follow && until) throw new MustredirectError('usage', '--follow has no end: leave --until out');
  return {
    from: since?.from ?? -Infinity,
    until: until?.until ?? Infinity,
    level,
    about: aboutOf(options, spec),
  };
}

/** Undefined also when the history cannot be read: then the log is needed most. */
async function appliedSpec({
  host,
  places,
}: Pick<HostContext, 'host' | 'places'>): Promise<Spec | undefined> {
  const history = await readHistory(host.files, places.history).catch(() => undefined);
  const applied = history && appliedNow(history);
  const parsed = applied && parseSpec(applied.text);
  return parsed?.kind === 'spec' ? parsed.spec : undefined;
}

/** The unit is one of the machine: other network namespaces have no journal. */
function sourcesOf({ places }: Pick<HostContext, 'places'>): LogSources {
  if (!places.firstNamespace) return { folder: places.log };
  return {
    folder: places.log,
    journal: (range, onEntry) => readJournal({ unit: agentUnit, ...range }, onEntry),
  };
}

function tellFound(
  terminal: Terminal,
  { records, more, isThere, problems }: FoundRecords,
  { since, lines }: LogsOptions,
): void {
  for (const problem of problems) terminal.tell(problem, 'warning');
  if (!isThere)
    throw new MustredirectError('refused', 'the agent has left no log on this host', {
      hint: 'it writes one while it runs: `mustredirect agent`, or `mustredirect install --agent` as a service',
    });
  if (records.length === 0)
    terminal.tell('no event: ask for more with --since, --level or without a name', 'note');
  if (more && !since && lines === undefined)
    terminal.tell('earlier events are left out: ask with --since and --until', 'note');
}

const colors = { debug: 'dim', info: undefined, warning: 'yellow', error: 'red' } as const;

function formatRecord(record: LoggedRecord, { paint }: Pick<Terminal, 'paint'>): string {
  const { time, level } = record;
  const color = colors[level];
  const word = level.padEnd('warning'.length);
  return `${time} ${color ? paint(color, word) : word} ${recordText(record)}`;
}
