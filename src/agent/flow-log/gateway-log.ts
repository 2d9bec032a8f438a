/** Flow log of one gateway on this member. */
import { join } from 'node:path';
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { type LogWriter, type LogWriterOptions, createLogWriter } from '../../host/rotated-log/writer.ts';
import type { FlowLogLimits } from '../../spec/spec.ts';
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
  /** pending lines have been written */
  readonly onWritten: () => void;
  readonly log: (text: string) => void;
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
  /** Flows that began until then have a line; 0: none has. */
  checkedUntil: number;
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
  const writer = createLogWriter({ folder, limits, ...writerOptions(options, write) });
  const { lastWritten, checkedUntil } = await lastTimes(folder, clock());
  return {
    lastWritten,
    checkedUntil,
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

function writerOptions(
  { gateway, clock, onWritten, log }: GatewayLogOptions,
  write: GatewayLog['write'],
): Omit<LogWriterOptions, 'folder' | 'limits'> {
  return {
    clock,
    onWritten,
    onFailure: (message) => log(`flow log of gateway ${gateway}: lines are lost: ${message}`),
    onRecovery(unwritten, since) {
      log(`flow log of gateway ${gateway}: works again; ${unwritten} lines are lost`);
      if (unwritten === 0) return;
      const [from, to] = [isoTime(since), isoTime(clock())];
      write({ kind: 'gap', from, to, why: 'lines could not be written', unwritten });
    },
  };
}
