import { type Entry, readHistory } from '../../apply/history.ts';
import { openRunText } from '../../apply/run/earlier-run.ts';
import { type ContextOptions, openContext } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** maximum number of changes shown per entry; `--json` has more */
const shown = 6;

interface HistoryOptions extends ContextOptions {
  readonly json?: true | undefined;
}

export async function showHistory(terminal: Terminal, options: HistoryOptions): Promise<void> {
  const context = await openContext(terminal, options);
  const { host, places } = context;
  const history = await readHistory(host.files, places.history);
  if (options.json) return terminal.print(JSON.stringify(history, null, 2));
  const { entries } = history;
  if (entries.length === 0)
    terminal.print('nothing was applied on this host, or destroy has removed it with its history');
  else terminal.print(entries.map(formatEntry).join('\n\n'));
  const openRun = await openRunText(context);
  if (openRun !== undefined) terminal.print(`${terminal.paint('yellow', 'note:')} ${openRun}`);
}

/** Sorts oldest first, so that the latest entry is next to the prompt. */
function formatEntry({ time, verb, user, file, hash, changes, more, times, direct = [] }: Entry): string {
  const rest = more + Math.max(0, changes.length - shown);
  return [
    `${time}   ${verb.padEnd('rollback'.length)}   ${user}   ${file}   sha256 ${hash.slice(0, 12)}${times === undefined ? '' : `   the last of ${times} repairs`}`,
    ...direct.map((line) => `  ${line}`),
    ...changes.slice(0, shown).map((change) => `  ${change}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ].join('\n');
}
