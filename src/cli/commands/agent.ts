import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, createAgent } from '../../agent/agent.ts';
import { type Found, createLook } from '../../agent/look.ts';
import { createMembers } from '../../agent/members/members.ts';
import { createProbers } from '../../agent/members/probers.ts';
import { wantedProbes } from '../../agent/members/wanted-probes.ts';
import { type Monitor, type MonitorState, startMonitor } from '../../agent/monitor.ts';
import { type AgentStatus, askAgent, serveStatus } from '../../agent/socket.ts';
import { networkFolders, ownFolders, programsToWatch } from '../../agent/watched.ts';
import { appliedNow, readHistory } from '../../apply/history.ts';
import type { Caller } from '../../apply/run/caller.ts';
import { type Known, changeRoutes } from '../../apply/run/change-routes.ts';
import { MustredirectError } from '../../error.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import type { EngineName } from '../../spec/spec.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { writeVerdicts } from '../../host/files/verdict-store.ts';
import { type FolderWatch, watchFolder } from '../../host/files/watch.ts';
import { startStream } from '../../host/process/stream.ts';
import { notifySystemd } from '../../host/process/systemd.ts';
import { type HostOptions, openContext, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function agent(terminal: Terminal, options: HostOptions): Promise<void> {
  const context = await openContext(terminal, options);
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
  const members = followMembers(context, caller, watch.signal, log, end);
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
  const running = createAgent({ now: () => performance.now(), sleep: pause, read: look, log }, end);
  const own = { pid: terminal.pid, since: new Date().toISOString(), file, host: name };
  const status = (): AgentStatus => ({
    ...running.state(),
    ...own,
    monitors: watch.monitors(),
    ...members.status(),
  });
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

function pause(milliseconds: number, until: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal: until }).catch(() => {});
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

/** Probes members, writes down which of them are used, and changes routes to them. */
function followMembers(
  context: HostContext,
  caller: Caller,
  signal: () => void,
  log: (line: string) => void,
  end: AbortSignal,
) {
  const {
    host: { files },
    places,
  } = context;
  let known: Known | undefined;
  const use = async (verdicts: Verdicts): Promise<void> => {
    await writeVerdicts(files, places.verdicts, verdicts);
    // Without them, the look that follows finds what differs, and runs.
    if (known) known = (await changeRoutes(caller, context, known, verdicts)) ?? known;
  };
  let used = Promise.resolve();
  const publish = (verdicts: Verdicts): void => {
    used = used
      .then(() => use(verdicts))
      .catch((error: unknown) => log(`${places.verdicts}: ${String(error)}`))
      .then(signal);
  };
  const now = (): number => performance.now();
  const members = createMembers({ now, publish, log });
  const probers = createProbers(
    { now, sleep: pause, start: startStream },
    { sample: (probe, one) => members.sample(probe, one), log },
    end,
  );
  return {
    follow(found: Found | undefined): void {
      known = found;
      const role = found?.target.role ?? { networks: [] };
      members.follow(role, found?.facts ?? { links: [], foreignRoutes: [] }, found?.drained ?? []);
      probers.follow(found ? wantedProbes({ ...found, role: found.target.role }) : []);
    },
    status: () => ({ members: members.status(), failedProbers: probers.failed() }),
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
    monitors: (): readonly MonitorState[] => [...started.values()].map((one) => one.state()),
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
