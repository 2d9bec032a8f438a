/** The agent's log: takes events, counts those that repeat, and passes records on to where they are written or sent. */
import type { AgentEvent, Emit } from './agent-event.ts';
import { type Level, isAtLeast, levelOf } from './level.ts';
import { type EventRecord, recordOf } from './record.ts';
import { type Told, createRepeatCounter } from './repeats.ts';

export interface EventLogPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** milliseconds since 1970 */
  readonly clock: () => number;
  /** Does something after some milliseconds, unless the process ends before. */
  readonly later: (milliseconds: number, work: () => void) => void;
}

export interface EventLog {
  readonly emit: Emit;
  /** From now on, records of at least this level go there. */
  readonly writeTo: (write: (record: EventRecord) => void, least: Level) => void;
  /** From now on, records go there that are of use to a program: whatever their level, but not each read and command. */
  readonly sendTo: (send: (record: EventRecord) => void) => void;
  /** Passes on what was counted and not told yet. */
  readonly flush: () => void;
}

/** milliseconds between two looks at what was counted */
const lookEvery = 500;

export function createEventLog({ now, clock, later }: EventLogPorts): EventLog {
  const writers: { readonly write: (record: EventRecord) => void; readonly least: Level }[] = [];
  const senders: ((record: EventRecord) => void)[] = [];
  const counter = createRepeatCounter();
  const deliver = ({ event, repeats, level }: Told): void => {
    const record = recordOf(event, clock(), repeats, level);
    for (const { write, least } of writers) if (isAtLeast(record.level, least)) write(record);
    if (!isDetail(event)) senders.forEach((send) => send(record));
  };
  let waits = false;
  const wait = (): void => {
    if (waits) return;
    waits = true;
    later(lookEvery, () => {
      waits = false;
      counter.due(now()).forEach(deliver);
      if (counter.isCounting()) wait();
    });
  };
  return {
    emit(event) {
      // Only whoever asks for them gets them, and then wants all.
      if (isDetail(event)) {
        const level = levelOf(event);
        if (writers.some(({ least }) => isAtLeast(level, least))) deliver({ event, level });
        return;
      }
      const told = counter.add(event, now());
      if (told) deliver(told);
      else wait();
    },
    writeTo: (write, least) => void writers.push({ write, least }),
    sendTo: (send) => void senders.push(send),
    flush: () => counter.rest(now()).forEach(deliver),
  };
}

function isDetail(event: AgentEvent): boolean {
  return event.kind === 'read' || (event.kind === 'run' && event.label === undefined);
}
