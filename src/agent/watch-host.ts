/** Programs and folders that tell of changes of the host: the agent reads it again, and recalls the rest. */
import { type FolderWatch, watchFolder } from '../host/files/watch.ts';
import { startStream } from '../host/process/stream.ts';
import type { HostPart } from '../inspect/host-parts.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Emit } from './event/agent-event.ts';
import { type Monitor, type MonitorState, startMonitor } from './monitor.ts';
import { pause } from './pause.ts';
import { type Watched, networkFolders, ownFolders, programsToWatch } from './watched.ts';

export interface HostWatch {
  /** Begins, with the programs and folders that do not depend on engines. */
  readonly begin: (paths: { readonly file: string; readonly state: readonly string[] }) => void;
  /** Watches what tells of changes of the networks of these engines, too. */
  readonly engines: (used: readonly EngineName[]) => void;
  /** whether all programs run that tell of parts of the host, or of engines */
  readonly isComplete: (of: 'parts' | 'engines') => boolean;
  readonly monitors: () => readonly MonitorState[];
}

export interface ChangePorts {
  readonly emit: Emit;
  /** something may have changed, after what it is about has been told */
  readonly signal: () => void;
  readonly onParts: (parts?: readonly HostPart[]) => void;
  /** @param what `networks`: something happened to networks or containers; absent: anything may have happened */
  readonly onEngines: (what?: 'networks') => void;
}

/** milliseconds from a change of a network's file until its engine is asked */
const afterFiles = 500;
/** Milliseconds after its start in which a program may not listen yet. */
const beginning = 1000;

export function watchHost(ports: ChangePorts, end: AbortSignal): HostWatch {
  const started = new Map<string, Monitor>();
  let watched: readonly EngineName[] = [];
  const watchPrograms = (engines: readonly EngineName[]): void => {
    for (const one of programsToWatch(engines)) {
      if (!started.has(one.what)) started.set(one.what, startProgram(one, ports, end));
    }
  };
  const askAfterFiles = createAskAfterFiles(ports, end);
  const folders = new Set<string>();
  const watchFolders = (wanted: readonly FolderWatch[], onChange: () => void): void => {
    for (const one of wanted) {
      if (!folders.has(one.folder)) watchFolder(one, onChange, end);
      folders.add(one.folder);
    }
  };
  return {
    begin({ file, state }) {
      watchPrograms([]);
      watchFolders(ownFolders(file, state), ports.signal);
    },
    engines(used) {
      const engines = [...new Set(used)];
      watched = engines;
      watchPrograms(engines);
      watchFolders(networkFolders(engines), askAfterFiles);
    },
    isComplete: (of) =>
      programsToWatch(watched)
        .filter(({ engines }) => (engines ? 'engines' : 'parts') === of)
        .every(({ what }) => started.get(what)?.state().running === true),
    monitors: () => [...started.values()].map((one) => one.state()),
  };
}

/** Files of networks are read by each look, and programs, which are slow, are asked afterwards. */
function createAskAfterFiles({ signal, onEngines }: ChangePorts, end: AbortSignal): () => void {
  let isAsking = false;
  const askLater = async (): Promise<void> => {
    isAsking = true;
    await pause(afterFiles, end);
    isAsking = false;
    onEngines('networks');
    signal();
  };
  return () => {
    signal();
    if (!isAsking) void askLater();
  };
}

function startProgram(
  { parts: makeParts, engines, ...monitored }: Watched,
  { emit, signal, onParts, onEngines }: ChangePorts,
  end: AbortSignal,
): Monitor {
  let parts = makeParts();
  /** Something may have changed that it has not told of. */
  const missed = (): void => {
    if (engines) onEngines();
    else onParts();
    signal();
  };
  const ports = {
    now: () => performance.now(),
    sleep: pause,
    start: async (argv: readonly string[], onOutput: (text: string) => void) => {
      // `ip monitor` says there that the kernel has dropped events, and goes on.
      const stream = await startStream(argv, onOutput, missed);
      void pause(beginning, end).then(missed);
      return stream;
    },
  };
  const on = {
    signal,
    output: (text: string): void => {
      onParts(parts(text));
      if (engines) onEngines('networks');
    },
    ended: ({ what, error = '', restarts }: MonitorState): void => {
      parts = makeParts();
      missed();
      const [program = ''] = monitored.argv;
      emit({ kind: 'program', program, does: `tells of ${what}`, error, restarts });
    },
  };
  return startMonitor(monitored, ports, on, end);
}
