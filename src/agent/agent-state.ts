/** State of the agent, for `status` and its log. Pure. */
import type { AgentEvent, Report } from './event/agent-event.ts';
import type { Reading } from './reading.ts';

export interface AgentState {
  /** reads so far, those that failed included */
  readonly attempts: number;
  /** reads so far, and milliseconds that the last one took */
  readonly reads: number;
  readonly lastRead?: number;
  /** times that the host was found to differ from the file, a change of the file included */
  readonly drifts: number;
  /** first lines of the plan, while the host differs and is not repaired yet */
  readonly differs?: string;
  readonly repairs: number;
  /** the last repair: what, milliseconds from the signal to the end, and when, ISO 8601 */
  readonly lastRepair?: { readonly what: string; readonly took: number; readonly time: string };
  /** why the last read or repair failed, and how often in a row */
  readonly failure?: { readonly message: string; readonly times: number };
  /** why it rests, if there is a reason */
  readonly resting?: string;
  /** what is wrong with the file, while the last good one is in force */
  readonly problem?: string;
  /** what is closed or waits, and why */
  readonly reports?: readonly Report[];
}

export const firstState: AgentState = { attempts: 0, reads: 0, drifts: 0, repairs: 0 };

/** The state, and what has happened: what lasts is said once. */
export interface Told {
  readonly state: AgentState;
  readonly events: readonly AgentEvent[];
}

export function afterRead(before: AgentState, reading: Reading, lastRead: number): Told {
  const { problem: _, resting, failure, differs: differed, reports: reported = [], ...rest } = before;
  const why = reading.kind === 'rest' ? reading.why : undefined;
  // With a reason to rest, the host was not compared.
  const { reports = why === undefined ? [] : reported } = reading;
  const differs = reading.kind === 'differs' ? reading.what : why === undefined ? undefined : differed;
  const isDrift = differs !== undefined && differed === undefined;
  return {
    state: {
      ...rest,
      attempts: before.attempts + 1,
      reads: before.reads + 1,
      lastRead,
      drifts: before.drifts + (isDrift ? 1 : 0),
      ...(differs === undefined ? {} : { differs }),
      ...(reading.problem === undefined ? {} : { problem: reading.problem }),
      ...(why === undefined ? {} : { resting: why }),
      ...(reports.length === 0 ? {} : { reports }),
    },
    events: [
      ...(failure ? [{ kind: 'recovery', failures: failure.times } as const] : []),
      ...(isDrift ? [{ kind: 'drift', what: differs } as const] : []),
      ...(why !== undefined && why !== resting ? [{ kind: 'rest', why } as const] : []),
      ...without(reports, reported).map((one) => ({ kind: 'report', ...one }) as const),
      ...without(reported, reports).map((one) => ({ kind: 'report', over: true, ...one }) as const),
    ],
  };
}

function without(reports: readonly Report[], others: readonly Report[]): readonly Report[] {
  const texts = new Set(others.map(({ text }) => text));
  return reports.filter(({ text }) => !texts.has(text));
}

/** @param took milliseconds from the signal to the end of the repair */
export function afterRepair(before: AgentState, what: string, took: number): Told {
  const lastRepair = { what, took, time: new Date().toISOString() };
  const { differs: _, ...rest } = before;
  return {
    state: { ...rest, repairs: before.repairs + 1, lastRepair },
    events: [{ kind: 'repair', what, took }],
  };
}

export function afterFailure(before: AgentState, message: string): Told {
  const times = before.failure?.message === message ? before.failure.times + 1 : 1;
  return {
    state: { ...before, attempts: before.attempts + 1, failure: { message, times } },
    events: times === 1 ? [{ kind: 'failure', error: message }] : [],
  };
}
