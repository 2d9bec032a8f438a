import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Agent, createAgent } from '../../agent/agent.ts';
import { pause } from '../../agent/pause.ts';
import { createLook } from '../../agent/look.ts';
import { followMembers } from '../../agent/members/follow.ts';
import { type Monitor, type MonitorState, startMonitor } from '../../agent/monitor.ts';
import type { Reading } from '../../agent/reading.ts';
import { type AgentStatus, askAgent, serveStatus } from '../../agent/socket.ts';
import { networkFolders, ownFolders, programsToWatch } from '../../agent/watched.ts';
import { appliedNow, readHistory } from '../../apply/history.ts';
import type { Caller } from '../../apply/run/caller.ts';
import { MustredirectError } from '../../error.ts';
import type { Progress } from '../../host/progress.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import type { EngineName } from '../../spec/spec.ts';
import { type FolderWatch, watchFolder } from '../../host/files/watch.ts';
import { startStream } from '../../host/process/stream.ts';
import { createBackground } from '../../host/process/background.ts';
import { takeLock } from '../../host/files/lock.ts';
import type { Files } from '../../host/ports.ts';
import { notifySystemd } from '../../host/process/systemd.ts';
import { type HostOptions, openContext, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function agent(terminal: Terminal, options: HostOptions): Promise<void> {
  const id = randomUUID();
  const { opened, reported } = countingProgress(await openContext(terminal, options));
  const context = { ...opened, runningAgent: () => Promise.resolve(id) };
  const { host, places } = context;
  await refuseSecondAgent(host.files, places.agent);
  const file = resolve(terminal.folder, options.file);
  const last = appliedNow(await readHistory(host.files, places.history));
  const name = options.host ?? last?.host ?? (await openSession(terminal, options)).source.host;
  terminal.watchInterrupts();
  const end = terminal.interrupt;
  const log = (line: string): void => terminal.tell(line);
  const watch = createWatch(end, log);
  const caller = callerOf(terminal);
  const members = followMembers({ id, context, caller, signal: watch.signal, log, end });
  const look = createLook({
    context,
    caller,
    file,
    host: name,
    now: () => performance.now(),
    later: (milliseconds) => void pause(milliseconds, end).then(watch.signal),
    onLook(known) {
      watch.engines(known?.target.role.networks ?? []);
      members.follow(known);
    },
  });
  // Otherwise a read would find routes that are about to change, and its repair would hold the lock meanwhile.
  const read = (): Promise<Reading> => members.changed().then(look);
  const running = createAgent({ now: () => performance.now(), sleep: pause, read, log }, end);
  const own = { id, pid: terminal.pid, since: new Date().toISOString(), file, host: name };
  const status = (): AgentStatus => ({ ...running.state(), ...own, ...watch.state(), ...members.status() });
  await serveStatus(places.agent, status, end);
  watch.begin(running, { file, state: [places.history, places.journal, places.drained] });
  log(`holds ${name} to ${file}`);
  await tellSystemd(context, terminal.env, () => running.state().attempts + reported(), end);
  await running.run();
}

/** A run that takes long reports its steps: systemd must not take it for one that hangs. */
function countingProgress<T extends Pick<HostContext, 'progress'>>(context: T) {
  let steps = 0;
  const progress: Progress = (work) => {
    steps += 1;
    context.progress?.(work);
  };
  return { opened: { ...context, progress }, reported: () => steps };
}

/** The lock lasts as long as this process. The socket says who the other one is. */
async function refuseSecondAgent(files: Files, socket: string): Promise<void> {
  const other = await askAgent(socket);
  const isFirst =
    other === undefined &&
    (await takeLock({ background: createBackground(), files }, `${socket}.lock`, {
      who: 'agent',
      // That of one that was killed ends a moment after it.
      wait: 2,
    }).catch((error: unknown) => {
      if (error instanceof MustredirectError && error.code === 'busy') return undefined;
      throw error;
    }));
  if (isFirst) return;
  const who = typeof other === 'object' ? `process ${other.pid}, since ${other.since}` : 'it does not answer';
  throw new MustredirectError('refused', `an agent runs here already: ${who}`, {
    hint: `end it first; its socket is ${socket}`,
  });
}

function callerOf(terminal: Terminal): Caller {
  const { pid, interrupt } = terminal;
  return {
    user: 'agent',
    pid,
    interrupt,
    watchInterrupts() {},
    tell: (text, label) => terminal.tell(text, label),
  };
}

/** Programs and folders that tell of changes. */
function createWatch(end: AbortSignal, log: (line: string) => void) {
  let running: Agent | undefined;
  const started = new Map<string, Monitor>();
  const signal = (): void => running?.signal();
  const watchPrograms = (engines: readonly EngineName[]): void => {
    for (const one of programsToWatch(engines)) {
      if (started.has(one.what)) continue;
      const ended = ({ what, error = '', restarts }: MonitorState): void => {
        if (restarts === 1) log(`no longer told of ${what}, and started again: ${error}`);
      };
      const ports = { now: () => performance.now(), sleep: pause, start: startStream };
      started.set(one.what, startMonitor(one, ports, { signal, ended }, end));
    }
  };
  const folders = new Set<string>();
  const watchFolders = (wanted: readonly FolderWatch[]): void => {
    for (const one of wanted) {
      if (!folders.has(one.folder)) watchFolder(one, signal, end);
      folders.add(one.folder);
    }
  };
  return {
    signal,
    engines(networks: readonly { readonly engine: EngineName }[]): void {
      const engines = [...new Set(networks.map(({ engine }) => engine))];
      watchPrograms(engines);
      watchFolders(networkFolders(engines));
    },
    begin(
      agentRunning: Agent,
      { file, state }: { readonly file: string; readonly state: readonly string[] },
    ): void {
      running = agentRunning;
      watchPrograms([]);
      watchFolders(ownFolders(file, state));
    },
    state: () => ({ monitors: [...started.values()].map((one) => one.state()) }),
  };
}

/** milliseconds */
const watchdogEvery = 30_000;
const stuckAfter = 120_000;

/** Tells systemd that the agent is ready, and that it goes on, as long as it does. */
async function tellSystemd(
  { host: { exec } }: HostContext,
  env: Terminal['env'],
  steps: () => number,
  end: AbortSignal,
): Promise<void> {
  await notifySystemd(exec, env, 'READY=1');
  let seen = { steps: -1, at: performance.now() };
  const timer = setInterval(() => {
    if (steps() !== seen.steps) seen = { steps: steps(), at: performance.now() };
    if (performance.now() - seen.at > stuckAfter) return;
    void notifySystemd(exec, env, 'WATCHDOG=1').catch(() => {});
  }, watchdogEvery);
  end.addEventListener('abort', () => clearInterval(timer), { once: true });
}
