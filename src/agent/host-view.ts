/** The host as the agent sees it: what tells of changes, and what is recalled of the reads before. */
import type { Engines } from '../engines/index.ts';
import type { HostPart, PartMemory } from '../inspect/host-parts.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Link } from '../state/facts.ts';
import type { Emit, Report } from './event/agent-event.ts';
import { rememberEngines } from './engine-memory.ts';
import { createHostMemory } from './host-memory.ts';
import { pause } from './pause.ts';
import { type HostWatch, watchHost } from './watch-host.ts';

export interface HostView extends Pick<HostWatch, 'begin' | 'monitors'> {
  readonly engines: Engines;
  /** engines that do not answer, for people */
  readonly silentEngines: () => readonly Report[];
  /** what was read before, and has not changed since */
  readonly memory: PartMemory;
  /** After changes of our own, whose events come a moment later. Default: all parts. */
  readonly forget: (parts?: readonly HostPart[]) => void;
  /** The next read asks all engines, and waits for a moment. */
  readonly waitForEngines: () => void;
  /** @param whole the next read recalls nothing */
  readonly beforeRead: (whole: boolean) => void;
  /**
   * Takes over what a read has found.
   *
   * @param used engines of the networks, and those that may have labels
   */
  readonly afterRead: (used: readonly EngineName[], links: readonly Link[] | undefined) => void;
}

/** milliseconds after which engines are asked again, without an event */
const askEnginesEvery = 30_000;

/** @param ports `signal`: something may have changed */
export function viewHost(
  engines: Engines,
  { emit, signal }: { readonly emit: Emit; readonly signal: () => void },
  end: AbortSignal,
): HostView {
  const memory = createHostMemory();
  const { forget } = memory;
  const answers = rememberEngines(engines, { sleep: pause, onNews: signal });
  let enginesAsked = -Infinity;
  let inUse: readonly EngineName[] = [];
  const watch = watchHost({ emit, signal, onParts: forget, onEngines: answers.forget }, end);
  return {
    begin: watch.begin,
    monitors: watch.monitors,
    engines: answers.engines,
    silentEngines: () => answers.silent(inUse),
    memory,
    forget,
    waitForEngines: answers.waitNext,
    beforeRead(whole) {
      if (whole || !watch.isComplete('parts')) forget();
      // A whole read of a large host is rare, and an engine may have had something new that no event was about.
      const isDue = whole || performance.now() - enginesAsked >= askEnginesEvery;
      if (isDue || !watch.isComplete('engines')) {
        enginesAsked = performance.now();
        answers.forget();
      }
    },
    afterRead(used, links) {
      inUse = used;
      watch.engines(used);
      if (links && answers.seeLinks(links)) signal();
    },
  };
}
