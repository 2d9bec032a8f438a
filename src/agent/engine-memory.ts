/** Answers of all engines that the agent has, and which of them are silent. */
import type { Engines } from '../engines/index.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Link } from '../state/facts.ts';
import type { Report } from './event/agent-event.ts';
import { type AnswerPorts, rememberEngine } from './engine-answers.ts';

export interface EngineMemory {
  readonly engines: Engines;
  /**
   * All engines are asked behind the next read.
   *
   * @param what `networks`: what they said of themselves still holds
   */
  readonly forget: (what?: 'networks') => void;
  /** The next read asks all engines, and waits for a moment. */
  readonly waitNext: () => void;
  /**
   * A link that comes or goes may be that of a container, of which no engine tells.
   *
   * @returns whether engines have to be asked again
   */
  readonly seeLinks: (links: readonly Link[]) => boolean;
  /** those of these engines that do not answer, for people */
  readonly silent: (inUse: readonly EngineName[]) => readonly Report[];
}

export function rememberEngines(engines: Engines, ports: AnswerPorts): EngineMemory {
  const known = {
    podman: rememberEngine(engines.podman, ports),
    docker: rememberEngine(engines.docker, ports),
    nerdctl: rememberEngine(engines.nerdctl, ports),
    cni: rememberEngine(engines.cni, ports),
  };
  const all = Object.entries(known);
  const forget = (what?: 'networks'): void => {
    for (const [, one] of all) one.forget(what);
  };
  let links: string | undefined;
  return {
    engines: {
      podman: known.podman.engine,
      docker: known.docker.engine,
      nerdctl: known.nerdctl.engine,
      cni: known.cni.engine,
      external: engines.external,
    },
    forget,
    waitNext: () => {
      for (const [, one] of all) one.waitNext();
    },
    seeLinks: (found) => {
      const before = links;
      links = JSON.stringify(found.map(({ name, index, master }) => [name, index, master]));
      const changed = before !== undefined && before !== links && all.some(([, one]) => one.isKnown());
      if (changed) forget('networks');
      return changed;
    },
    silent: (inUse) =>
      all.flatMap(([name, one]) => {
        const why = inUse.some((engine) => engine === name) ? one.silence() : undefined;
        return why === undefined
          ? []
          : [{ engine: name, text: `${name} does not answer, and what it said last is held: ${why}` }];
      }),
  };
}
