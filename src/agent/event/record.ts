/** Records of the agent's log: an event with its time and level, and how often it happened. Pure. */
import * as z from 'zod';
import { type AgentEvent } from './agent-event.ts';
import { eventText } from './event-text.ts';
import { type Level, levelOf, levels } from './level.ts';

/** How many events a record stands for. */
export interface Repeats {
  readonly times: number;
  /** from the first of them to the last */
  readonly seconds: number;
  /** they say different things, and the record has the last one */
  readonly differing?: true;
}

/** As a program reads it; the keys of the event are beside these. */
export type EventRecord = LoggedRecord & { readonly kind: AgentEvent['kind'] };

const record = z.looseObject({
  time: z.iso.datetime({ offset: true }),
  level: z.enum(levels),
  kind: z.string(),
  message: z.string(),
  network: z.string().exactOptional(),
  networks: z.array(z.string()).readonly().exactOptional(),
  gateway: z.string().exactOptional(),
  member: z.string().exactOptional(),
  used: z.string().exactOptional(),
  times: z.int().exactOptional(),
  seconds: z.number().exactOptional(),
  differing: z.literal(true).exactOptional(),
});
/** A record as it is read back, perhaps of another release. */
export type LoggedRecord = z.output<typeof record>;

/**
 * @param time milliseconds since 1970, of the last event that it stands for
 * @param level the highest of all events that it stands for
 */
export function recordOf(
  event: AgentEvent,
  time: number,
  repeats?: Repeats,
  level: Level = levelOf(event),
): EventRecord {
  const { kind, ...rest } = event;
  return {
    time: new Date(time).toISOString(),
    level,
    kind,
    ...rest,
    ...repeats,
    message: eventText(event),
  };
}

/** The message, and how often: `nft (nftables) has ended … (412 times in 30 s)`. */
export function recordText({ message, times = 1, seconds = 0, differing }: LoggedRecord): string {
  if (times === 1) return message;
  const within = `in ${seconds < 1 ? 'less than 1' : Math.round(seconds)} s`;
  return `${message} (${differing ? `the last of ${times}` : `${times} times`} ${within})`;
}

/** Undefined for a line that was cut off, or is no record. */
export function recordOfText(text: string): LoggedRecord | undefined {
  try {
    return record.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
