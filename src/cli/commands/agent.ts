import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { createAgent } from '../../agent/agent.ts';
import { pause } from '../../agent/pause.ts';
import { viewHost } from '../../agent/host-view.ts';
import { type Found, createLook } from '../../agent/look.ts';
import { followFlowLogs } from '../../agent/flow-log/follow.ts';
import { type MembersFollowed, followMembers } from '../../agent/members/follow.ts';
import type { Reading } from '../../agent/reading.ts';
import { askAgent } from '../../agent/socket.ts';
import { appliedNow, readHistory } from '../../apply/history.ts';
import type { Caller } from '../../apply/run/caller.ts';
import { MustredirectError } from '../../error.ts';
import type { Progress } from '../../host/progress.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import type { EngineName } from '../../spec/spec.ts';
import { createBackground } from '../../host/process/background.ts';
import { type Lock, takeLock } from '../../host/files/lock.ts';
import type { Files } from '../../host/ports.ts';
import { notifySystemd } from '../../host/process/systemd.ts';
import { type HostOptions, openContext, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ApiOptions, type PreparedApi, prepareApi } from './agent-api.ts';

type AgentOptions = HostOptions & ApiOptions;

export async function agent(terminal: Terminal, options: AgentOptions): Promise<void> {
  const context = await openContext(terminal, options);
  const api = await prepareApi(terminal, options, context.host);
  const lock = await lockAgent(context.host.files, context.places.agent);
  try {
    await holdHost(terminal, options, context, api);
  } finally {
    // Its process would keep this one alive.
    await lock.release();
  }
}

async function holdHost(
  terminal: Terminal,
  options: AgentOptions,
  context: HostContext,
  api: PreparedApi,
): Promise<void> {
  const id = randomUUID();
  const { opened, reported } = countingProgress(context);
  const file = resolve(terminal.folder, options.file);
  const last = appliedNow(await readHistory(opened.host.files, opened.places.history));
  const name = options.host ?? last?.host ?? (await openSession(terminal, options)).source.host;
  terminal.watchInterrupts();
  const { running, status, probes, begin, closed } = createParts(terminal, { opened, id, file, name, api });
  const { places } = opened;
  const own = { pid: terminal.pid, since: new Date().toISOString(), file, host: name };
  const state = () => ({ ...own, ...status() });
  await api.serve(places.agent, { state, probes }, terminal.interrupt);
  begin({ file, state: [places.history, places.journal, places.drained] });
  terminal.tell(`holds ${name} to ${file}`);
  const work = { steps: () => running.state().attempts + reported(), isResting: running.isResting };
  await tellSystemd(opened, terminal.env, work, terminal.interrupt);
  await running.run();
  await closed();
}

interface Held {
  readonly opened: HostContext;
  /** id of this agent */
  readonly id: string;
  readonly file: string;
  /** host of the file */
  readonly name: string;
  readonly api: PreparedApi;
}

/** Connects the parts of the agent: its view of the host, members, looks and repairs. */
function createParts(terminal: Terminal, { opened, id, file, name, api }: Held) {
  const end = terminal.interrupt;
  const log = (line: string): void => terminal.tell(line);
  const now = (): number => performance.now();
  const relay = { signal: (): void => {} };
  const signal = (): void => relay.signal();
  const view = viewHost(opened.engines, { log, signal }, end);
  const context = { ...opened, engines: view.engines, runningAgent: () => Promise.resolve(id) };
  const caller = callerOf(terminal);
  const onRoutesChanged = (): void => {
    view.forget();
    signal();
  };
  const followed = follow({ id, context, caller, onRoutesChanged, log, end });
  const look = createLook({
    context,
    caller,
    file,
    host: name,
    now,
    later: (milliseconds) => void pause(milliseconds, end).then(signal),
    onFiles: api.onFiles,
    onLook(known) {
      api.onLook(known);
      followed.follow(known);
      view.afterRead(known ? enginesOf(known) : [], known?.facts.links);
    },
    view,
  });
  const read = async (whole: boolean): Promise<Reading> => {
    // Otherwise a read would find routes that are about to change, and its repair would hold the lock meanwhile.
    await followed.changed();
    view.beforeRead(whole);
    return look();
  };
  const running = createAgent({ now, sleep: pause, read, log, onState: api.onState }, end);
  relay.signal = running.signal;
  const status = () => ({ ...running.state(), id, monitors: view.monitors(), ...followed.status() });
  return { running, status, begin: view.begin, probes: followed.probes, closed: followed.closed };
}

/** Engines of the networks, and those whose networks may get a label. */
function enginesOf({ role, listed }: Found): EngineName[] {
  return [...role.networks.map(({ engine }) => engine), ...listed];
}

/** What depends on what a look has found: the members of gateways, and their flow logs. */
function follow(followed: MembersFollowed) {
  const members = followMembers(followed);
  const flowLogs = followFlowLogs(followed);
  return {
    follow: (found: Found | undefined): void => {
      members.follow(found);
      flowLogs.follow(found);
    },
    changed: () => members.changed(),
    probes: () => members.probes(),
    status: () => ({ ...members.status(), ...flowLogs.status() }),
    closed: () => flowLogs.closed(),
  };
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

/** Refuses a second agent. The socket says who the other one is. */
async function lockAgent(files: Files, socket: string): Promise<Lock> {
  const other = await askAgent(socket);
  const lock =
    other === undefined &&
    (await takeLock({ background: createBackground(), files }, `${socket}.lock`, {
      who: 'agent',
      // That of one that was killed ends a moment after it.
      wait: 2,
    }).catch((error: unknown) => {
      if (error instanceof MustredirectError && error.code === 'busy') return undefined;
      throw error;
    }));
  if (lock) return lock;
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

/** milliseconds */
const watchdogEvery = 30_000;
const stuckAfter = 120_000;

/** Tells systemd that the agent is ready, and that it goes on, as long as it does. */
async function tellSystemd(
  { host: { exec } }: HostContext,
  env: Terminal['env'],
  { steps, isResting }: { readonly steps: () => number; readonly isResting: () => boolean },
  end: AbortSignal,
): Promise<void> {
  await notifySystemd(exec, env, 'READY=1');
  let seen = { steps: -1, at: performance.now() };
  const timer = setInterval(() => {
    if (isResting() || steps() !== seen.steps) seen = { steps: steps(), at: performance.now() };
    if (performance.now() - seen.at > stuckAfter) return;
    void notifySystemd(exec, env, 'WATCHDOG=1').catch(() => {});
  }, watchdogEvery);
  end.addEventListener('abort', () => clearInterval(timer), { once: true });
}
