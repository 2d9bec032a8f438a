/** Flow log of one gateway on this member. */
import { join } from 'node:path';
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { partLimits } from '../../host/rotated-log/names.ts';
import type { LogWriterOptions } from '../../host/rotated-log/writer-options.ts';
import { type LogWriter, createLogWriter } from '../../host/rotated-log/writer.ts';
import type { FlowLogLimits } from '../../spec/spec.ts';
import type { Emit } from '../event/agent-event.ts';
import { type LastTimes, lastTimes } from './coverage.ts';
import { type LogLine, flowLine, isoTime, textOfLine } from './line.ts';
import type { Owner } from './owners.ts';

export interface GatewayLogOptions {
  readonly gateway: string;
  /** folder of all flow logs of this network namespace */
  readonly folder: string;
  readonly limits: FlowLogLimits;
  /** milliseconds since 1970 */
  readonly clock: () => number;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** pending lines have been written */
  readonly onWritten: () => void;
  readonly emit: Emit;
}

/** State of a flow log, for `status`. */
export interface FlowLogStatus {
  readonly gateway: string;
  readonly folder: string;
  /** flows that have ended, and were logged, since the agent was started */
  readonly flows: number;
  /** ends of flows that the kernel has dropped since then: those of other flows of this host count as well */
  readonly dropped: number;
  /** lines that could not be written since then */
  readonly unwritten: number;
  /** on disk */
  readonly bytes: number;
  /** why nothing is logged now */
  readonly problem?: string;
}

export interface GatewayLog {
  readonly limits: FlowLogLimits;
  add(owner: Owner, flow: TrackedFlow): void;
  write(line: LogLine): void;
  /** The kernel has dropped ends of flows. */
  dropped(events: number, from: number): void;
  readonly checks: {
    /** flows that began until then have a line in the part that is written; 0: none has */
    checkedUntil: number;
    /** how many flows lived at the last check */
    living: number;
  };
  /** when something was written last, by an agent before this one; undefined: never */
  readonly lastWritten: LastTimes['lastWritten'];
  pending(): number;
  maintain: LogWriter['maintain'];
  status(): FlowLogStatus;
  close(): Promise<void>;
}

export function folderOfLog(folder: string, gateway: string): string {
  return join(folder, gateway);
}

export async function openGatewayLog(options: GatewayLogOptions): Promise<GatewayLog> {
  const { gateway, limits, clock } = options;
  const folder = folderOfLog(options.folder, gateway);
  const counts = { flows: 0, dropped: 0 };
  const write = (line: LogLine): void => writer.append([textOfLine(line)]);
  const last = await lastTimes(folder, clock());
  const checks = { checkedUntil: last.checkedUntil, living: 0 };
  const onPartEnd = (): void => {
    if (mayRepeat(checks.living, limits)) checks.checkedUntil = 0;
  };
  const writer = createLogWriter({ folder, limits, onPartEnd, ...writerOptions(options, write) });
  return {
    lastWritten: last.lastWritten,
    checks,
    limits,
    write,
    add(owner, flow) {
      if (flow.end !== undefined) counts.flows += 1;
      write(flowLine(owner, flow));
    },
    dropped(events, from) {
      counts.dropped += events;
      const why = 'the buffer of the kernel was full';
      write({ kind: 'gap', from: isoTime(from), to: isoTime(clock()), why, dropped: events });
    },
    pending: () => writer.pending(),
    maintain: (newPart) => writer.maintain(newPart),
    status() {
      const { unwritten, bytes, error } = writer.state();
      const problem = error === undefined ? {} : { problem: error };
      return { gateway, folder, ...counts, unwritten, bytes, ...problem };
    },
    close: () => writer.close(),
  };
}

/** bytes of a line, at most nearly */
const lineSize = 500;

/**
 * Whether each part may have a line for every flow that lives, so that a question about its time finds them. They take at most
 * half a part: otherwise they would soon push out all that is older.
 */
function mayRepeat(living: number, limits: FlowLogLimits): boolean {
  return living * lineSize <= partLimits(limits).size / 2;
}

function writerOptions(
  { gateway, clock, now, onWritten, emit }: GatewayLogOptions,
  write: GatewayLog['write'],
): Omit<LogWriterOptions, 'folder' | 'limits' | 'onPartEnd'> {
  return {
    clock,
    now,
    onWritten,
    onFailure(message, lost) {
      const what = lost === 0 ? 'earlier parts are not packed or removed' : 'lines are lost';
      emit({ kind: 'flow-log', gateway, text: `${what}: ${message}` });
    },
    onRecovery(unwritten, since) {
      // A part that was not packed is tried again only when another one ends.
      if (unwritten === 0) return;
      emit({ kind: 'flow-log', gateway, text: `works again; ${unwritten} lines are lost`, well: true });
      const [from, to] = [isoTime(since), isoTime(clock())];
      write({ kind: 'gap', from, to, why: 'lines could not be written', unwritten });
    },
  };
}
