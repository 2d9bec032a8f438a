/** Lines of flow logs about times in which flows may have been missed. */
import type { Emit } from '../event/agent-event.ts';
import type { GatewayLog } from './gateway-log.ts';
import { isoTime } from './line.ts';
import type { ListenerEvents } from './listener.ts';

export interface NotesPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** milliseconds since 1970 */
  readonly clock: () => number;
  readonly emit: Emit;
}

/** milliseconds between two lines about dropped events, and about failures, in the agent's own log */
const tellEvery = 60_000;

export interface Notes extends Omit<ListenerEvents, 'flows'> {
  /** A log is kept from now on, and was not until now. */
  opened(log: Pick<GatewayLog, 'write' | 'lastWritten'>): void;
}

/** @param check asks for lines for flows that live */
export function createNotes(
  { clock, now, emit }: NotesPorts,
  logs: ReadonlyMap<string, Pick<GatewayLog, 'write' | 'dropped' | 'lastWritten'>>,
  check: () => void,
): Notes {
  /** when, and why, nothing was heard; undefined: it is heard, or never was by this agent */
  let silent: { readonly since: number; readonly why: string } | undefined;
  let wasHeard = false;
  let told = { at: -Infinity, untold: 0 };
  const failure = { toldAt: -Infinity, isTold: false };
  return {
    opened(one) {
      const gap = wasHeard ? beforeThisAgent(one) : undefined;
      if (gap) one.write({ kind: 'gap', from: isoTime(gap.since), to: isoTime(clock()), why: gap.why });
    },
    listening() {
      const to = isoTime(clock());
      for (const one of logs.values()) {
        const gap = silent ?? (wasHeard ? undefined : beforeThisAgent(one));
        if (gap) one.write({ kind: 'gap', from: isoTime(gap.since), to, why: gap.why });
      }
      if (failure.isTold) emit({ kind: 'flow-log', text: 'goes on', well: true });
      failure.isTold = false;
      [silent, wasHeard] = [undefined, true];
      check();
    },
    lost(events, ago) {
      for (const one of logs.values()) one.dropped(events, clock() - ago);
      told.untold += events;
      if (now() - told.at < tellEvery) return;
      emit({ kind: 'flow-log', text: droppedText(told.untold) });
      told = { at: now(), untold: 0 };
    },
    ended({ error = '' }) {
      if (wasHeard) silent ??= { since: clock(), why: `no flow was heard of: ${error}` };
      if (failure.isTold || now() - failure.toldAt < tellEvery) return;
      Object.assign(failure, { toldAt: now(), isTold: true });
      emit({ kind: 'flow-log', text: `hears of no flow, and tries again: ${error}` });
    },
  };
}

function droppedText(events: number): string {
  return `the kernel has dropped ${events} ends of flows: more end than are read`;
}

/** A log that is new has no gap. */
function beforeThisAgent({
  lastWritten,
}: Pick<GatewayLog, 'lastWritten'>): { readonly since: number; readonly why: string } | undefined {
  return lastWritten === undefined ? undefined : { since: lastWritten, why: 'no agent has logged' };
}
