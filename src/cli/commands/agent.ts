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
import type { HostContext } from '../../apply/run/host-context.ts';
import type { EngineName } from '../../spec/spec.ts';
import { type FolderWatch, watchFolder } from '../../host/files/watch.ts';
import { startStream } from '../../host/process/stream.ts';
import { notifySystemd } from '../../host/process/systemd.ts';
import { type HostOptions, openContext, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function agent(terminal: Terminal, options: HostOptions): Promise<void> {
  const id = randomUUID();
  const context = { ...(await openContext(terminal, options)), runningAgent: () => Promise.resolve(id) };
  const { host, places } = context;
  await refuseSecondAgent(places.agent);
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
  await tellSystemd(context, terminal.env, running, end);
  await running.run();
}

async function refuseSecondAgent(socket: string): Promise<void> {
  const other = await askAgent(socket);
  if (other === undefined) return;
  const who = other === 'silent' ? 'it does not answer' : `process ${other.pid}, since ${other.since}`;
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
  { state }: Agent,
  end: AbortSignal,
): Promise<void> {
  await notifySystemd(exec, env, 'READY=1');
  let seen = { steps: -1, at: performance.now() };
  const timer = setInterval(() => {
    const { reads, failure } = state();
    const steps = reads + (failure?.times ?? 0);
    if (steps !== seen.steps) seen = { steps, at: performance.now() };
    if (performance.now() - seen.at > stuckAfter) return;
    void notifySystemd(exec, env, 'WATCHDOG=1').catch(() => {});
  }, watchdogEvery);
  end.addEventListener('abort', () => clearInterval(timer), { once: true });
}
