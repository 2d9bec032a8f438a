/** Holds the host to what the file says: reads it after each signal, and repairs what differs. */
import {
  type AgentState,
  type Told,
  afterFailure,
  afterRead,
  afterRepair,
  firstState,
} from './agent-state.ts';
import type { Emit } from './event/agent-event.ts';
import { freshDamper, takeRead } from './damper.ts';
import type { Reading } from './reading.ts';

export interface AgentPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /**
   * Reads the file and the host. Changes nothing.
   *
   * @param whole nothing may be recalled from the reads before
   */
  readonly read: (whole: boolean) => Promise<Reading>;
  readonly emit: Emit;
  /** called after each change of the state */
  readonly onState?: (state: AgentState) => void;
}

export interface Agent {
  /** something may have changed */
  readonly signal: () => void;
  readonly state: () => AgentState;
  /** whether it waits for a signal: then it does nothing, and is not stuck */
  readonly isResting: () => boolean;
  /** Reads and repairs until the signal of `createAgent` is aborted. */
  readonly run: () => Promise<void>;
}

/**
 * Milliseconds between two reads of the whole host, also without a signal: at least, and at most. After the shortest, it is
 * looked in any case: files and settings cost little, and engines may have something new.
 */
const [shortestRest, longestRest] = [30_000, 300_000];
/** Milliseconds between reads of the whole host, as a multiple of the time that such a read takes: a large host must not be busy with it. */
const restPerRead = 200;
/** Events come in groups: milliseconds from the first of them to the read. */
const gather = 10;
/** milliseconds after a failure: doubled each time, up to the maximum */
const [firstRetry, longestRetry] = [1000, 30_000];

export function createAgent(ports: AgentPorts, end: AbortSignal): Agent {
  const signals = createSignals(ports, () => state.lastRead, end);
  let state = firstState;
  const tell = (told: Told): void => {
    ({ state } = told);
    told.events.forEach(ports.emit);
    ports.onState?.(state);
  };
  let isResting = false;
  /** when the whole host has to be read again */
  let nextWhole = -Infinity;
  const look = async (began: number): Promise<void> => {
    const now = ports.now();
    const isWhole = now >= nextWhole;
    if ((await lookOnce(ports, { began, isWhole }, () => state, tell)) === 'outdated') signals.give();
    if (isWhole) nextWhole = now + restAfter(state.lastRead ?? 0);
  };
  const run = async (): Promise<void> => {
    let retry = firstRetry;
    let longest = shortestRest;
    for (;;) {
      isResting = true;
      const began = await signals.next(longest);
      isResting = false;
      if (end.aborted) return;
      try {
        await look(began);
        [retry, longest] = [firstRetry, Math.min(shortestRest, nextWhole - ports.now())];
      } catch (error) {
        tell(afterFailure(state, error instanceof Error ? error.message : String(error)));
        [longest, retry] = [retry, Math.min(retry * 2, longestRetry)];
        nextWhole = -Infinity;
      }
    }
  };
  return { signal: signals.give, state: () => state, isResting: () => isResting, run };
}

/** @param lastRead milliseconds that a read of the whole host has taken */
function restAfter(lastRead: number): number {
  return Math.min(longestRest, Math.max(shortestRest, lastRead * restPerRead));
}

async function lookOnce(
  { now, read, emit }: AgentPorts,
  { began, isWhole }: { readonly began: number; readonly isWhole: boolean },
  state: () => AgentState,
  tell: (told: Told) => void,
): Promise<'outdated' | 'done'> {
  const begin = now();
  const reading = await read(isWhole);
  const took = Math.round(now() - begin);
  emit({ kind: 'read', whole: isWhole, took });
  tell(afterRead(state(), reading, took));
  if (reading.kind === 'rest') return 'done';
  if (!(await reading.repair())) return 'outdated';
  tell(afterRepair(state(), reading.what, Math.round(now() - began)));
  return 'done';
}

/** Signals that have come, gathered and damped. */
function createSignals({ now, sleep }: AgentPorts, lastRead: () => number | undefined, end: AbortSignal) {
  // The first read comes at once.
  let came: number | undefined = now();
  let wake = (): void => {};
  let damper = freshDamper(now());
  end.addEventListener('abort', () => wake(), { once: true });
  return {
    give: (): void => {
      came ??= now();
      wake();
    },
    /** Waits for a signal, at most some milliseconds; returns when the first of them came. */
    next: async (longest: number): Promise<number> => {
      if (came === undefined && !end.aborted) {
        const controller = new AbortController();
        wake = () => controller.abort();
        await sleep(longest, controller.signal);
      }
      const began = came ?? now();
      if (!end.aborted) await sleep(gather, end);
      const taken = takeRead(damper, now(), lastRead());
      ({ damper } = taken);
      if (taken.wait > 0 && !end.aborted) await sleep(taken.wait, end);
      came = undefined;
      return began;
    },
  };
}
