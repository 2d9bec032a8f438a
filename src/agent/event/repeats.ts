/**
 * Counts events that repeat, so that none floods the log, whatever a container, an engine or a link does. Pure, without a
 * clock of its own: times are milliseconds of any clock that never goes back.
 */
import type { AgentEvent } from './agent-event.ts';
import { eventText } from './event-text.ts';
import { type Level, highest, levelOf } from './level.ts';
import type { Repeats } from './record.ts';

export interface Told {
  readonly event: AgentEvent;
  /** absent: it has happened once */
  readonly repeats?: Repeats;
  /** the highest of all events that it stands for */
  readonly level: Level;
}

export interface RepeatCounter {
  /** @returns the event, or undefined when it is counted and told later */
  add(event: AgentEvent, now: number): Told | undefined;
  /** what was counted and is due, the oldest first */
  due(now: number): readonly Told[];
  /** everything that was counted, at the end */
  rest(now: number): readonly Told[];
  /** whether anything is counted and not told yet */
  isCounting(): boolean;
}

/** events about one thing that are told at once */
const burst = 5;
/** milliseconds in which further ones are counted: doubled each time, up to the maximum. The last state is told soon. */
const [firstPause, longestPause] = [1000, 30_000];
/** things of one kind that are counted apart; what is about others is counted together */
const thingsAtMost = 50;

interface Thing {
  /** events that were told at once */
  told: number;
  /** when something was told last */
  at: number;
  pause: number;
  counted?: Omit<Told, 'repeats'> & {
    readonly text: string;
    readonly times: number;
    readonly from: number;
    readonly to: number;
    readonly differing: boolean;
  };
}

export function createRepeatCounter(): RepeatCounter {
  const kinds = new Map<AgentEvent['kind'], Map<string, Thing>>();
  const thingOf = (event: AgentEvent, now: number): Thing => {
    const things = kinds.get(event.kind) ?? new Map<string, Thing>();
    kinds.set(event.kind, things);
    if (things.size >= thingsAtMost) forget(things, now);
    const name = thingName(event);
    const key = things.has(name) || things.size < thingsAtMost ? name : otherThings;
    const thing = things.get(key) ?? { told: 0, at: now, pause: firstPause };
    things.set(key, thing);
    return thing;
  };
  const take = (isDue: (thing: Thing) => boolean, now: number): readonly Told[] => {
    const found = [...kinds.values()].flatMap((things) => [...things.values()].filter(isDue));
    return found
      .flatMap((thing) => {
        const { counted } = thing;
        delete thing.counted;
        Object.assign(thing, { at: now, pause: Math.min(thing.pause * 2, longestPause) });
        return counted ? [counted] : [];
      })
      .sort((a, b) => a.to - b.to)
      .map(toldOf);
  };
  return {
    add(event, now) {
      const thing = thingOf(event, now);
      if (isQuiet(thing, now)) Object.assign(thing, { told: 0, pause: firstPause });
      if (!thing.counted && thing.told < burst) {
        Object.assign(thing, { told: thing.told + 1, at: now });
        return { event, level: levelOf(event) };
      }
      count(thing, event, now);
      return undefined;
    },
    due: (now) => take(({ counted, at, pause }) => counted !== undefined && now - at >= pause, now),
    rest: (now) => take(({ counted }) => counted !== undefined, now),
    isCounting: () => [...kinds.values()].some((things) => [...things.values()].some((one) => one.counted)),
  };
}

const otherThings = '';

function count(thing: Thing, event: AgentEvent, now: number): void {
  const text = eventText(event);
  const before = thing.counted;
  thing.counted = {
    event,
    level: highest(before?.level ?? 'debug', levelOf(event)),
    text,
    times: (before?.times ?? 0) + 1,
    from: before?.from ?? now,
    to: now,
    differing: before !== undefined && (before.differing || before.text !== text),
  };
}

function toldOf({ event, level, times, from, to, differing }: NonNullable<Thing['counted']>): Told {
  if (times === 1) return { event, level };
  const repeats = { times, seconds: (to - from) / 1000, ...(differing ? { differing } : {}) } as const;
  return { event, level, repeats };
}

function forget(things: Map<string, Thing>, now: number): void {
  for (const [name, thing] of things) if (isQuiet(thing, now)) things.delete(name);
}

/** A thing that was quiet for the longest pause begins anew. */
function isQuiet({ counted, at }: Thing, now: number): boolean {
  return !counted && now - at >= longestPause;
}

/** What an event is about: the number in a message, such as how long something took, does not make it another thing. */
function thingName(event: AgentEvent): string {
  switch (event.kind) {
    case 'member':
      return `${event.gateway} ${event.family} ${event.member}`;
    case 'failover':
    case 'outage':
      return `${event.gateway} ${event.family}`;
    case 'report':
      return event.network ?? event.gateway ?? event.engine ?? event.text;
    case 'program':
      return `${event.program} ${event.does}`;
    case 'flow-log':
      return `${event.gateway ?? ''} ${event.well ?? ''}`;
    case 'repair':
    case 'drift':
      return event.what;
    case 'run':
    case 'api':
    case 'log':
      return event.text;
    // Their words may differ each time.
    case 'started':
    case 'stopped':
    case 'state':
    case 'read':
    case 'failure':
    case 'recovery':
    case 'rest':
    case 'file':
    case 'routes':
      return event.kind;
  }
}
