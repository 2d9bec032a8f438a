/** From when until when a flow log has lines. */
import { readdir } from 'node:fs/promises';
import { endOfLastPart, findFirst, lastLines } from '../../host/rotated-log/ends.ts';
import { type GapLine, type LogLine, isoTime, lineOfText } from './line.ts';

/** Names of gateways that have, or had, a flow log: each has a folder. */
export async function keptLogs(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Flows of a time may be missing. */
export interface Gap extends Omit<GapLine, 'from'> {
  /** absent: from ever */
  readonly from?: string;
}

/** Times that no line of the log tells of: before its first line, and, while nothing is logged, after its last one. */
export async function uncoveredTimes(
  folder: string,
  /** milliseconds since 1970 */
  now: number,
  /** why nothing is logged now */
  unlogged: string | undefined,
): Promise<readonly Gap[]> {
  const kind = 'gap';
  const begin = await findFirst(folder, (text) => {
    const line = lineOfText(text);
    return line && writtenAt(line);
  });
  if (begin === undefined)
    return [{ kind, to: isoTime(now), why: unlogged ?? 'nothing has been logged until now' }];
  const before: Gap = { kind, to: isoTime(begin), why: 'the log begins then' };
  if (unlogged === undefined) return [before];
  const { lastWritten = begin } = await lastTimes(folder, now);
  return [before, { kind, from: isoTime(lastWritten), to: isoTime(now), why: unlogged }];
}

export interface LastTimes {
  /** when something was written last; undefined: never */
  readonly lastWritten: number | undefined;
  /** flows that began until then have a line in the part that is written; 0: none has */
  readonly checkedUntil: number;
}

/** @param now milliseconds since 1970: later times are of a clock that was set back */
export async function lastTimes(folder: string, now: number): Promise<LastTimes> {
  const lines = (await lastLines(folder)).flatMap((text) => lineOfText(text) ?? []);
  const latest = (times: readonly (number | undefined)[]): number =>
    times.reduce<number>((most, time = 0) => (time > now ? most : Math.max(most, time)), 0);
  const checks = lines.map((line) => (line.kind === 'checked' ? Date.parse(line.time) : undefined));
  const written = latest(lines.map((line) => writtenAt(line) ?? beginOf(line)));
  const end = written === 0 ? await endOfLastPart(folder) : written;
  return { checkedUntil: latest(checks), lastWritten: end === undefined ? undefined : Math.min(end, now) };
}

/** Undefined for a flow that lived then. */
function writtenAt(line: LogLine): number | undefined {
  switch (line.kind) {
    case 'flow':
      return line.end === undefined ? undefined : Date.parse(line.end);
    case 'gap':
      return Date.parse(line.to);
    case 'checked':
    case 'clock':
      return Date.parse(line.time);
  }
}

function beginOf(line: LogLine): number | undefined {
  return line.kind === 'flow' && line.begin !== undefined ? Date.parse(line.begin) : undefined;
}
