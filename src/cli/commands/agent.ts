import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import packageFile from '../../../package.json' with { type: 'json' };
import { createAgent } from '../../agent/agent.ts';
import { pause } from '../../agent/pause.ts';
import { viewHost } from '../../agent/host-view.ts';
import { createFileEvents } from '../../agent/file-events.ts';
import type { EventLog } from '../../agent/event/event-log.ts';
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
import { type HostOptions, openContext, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { agentUnit } from '../../boot/units.ts';
import { type LogOptions, keepLog, runLabel, startLog } from './agent-log.ts';
import { tellSystemd } from './agent-watchdog.ts';
import { type ApiOptions, type PreparedApi, prepareApi } from './agent-api.ts';

type AgentOptions = HostOptions &
  ApiOptions &
  LogOptions & {
    /** nobody has named the file */
    readonly fileIsDefault: boolean;
  };

export async function agent(terminal: Terminal, options: AgentOptions): Promise<void> {
  const { log, level, inJournal } = startLog(terminal, options);
  // What runs say, and with -v each command, are events, too.
  const { emit } = log;
  const logging: Terminal = {
    ...terminal,
    tell: (text, label) => emit({ kind: 'run', text, ...runLabel(label) }),
    paintStderr: (_, text) => text,
  };
  const context = await openContext(logging, options);
  const api = await prepareApi(terminal, options, context.host, log);
  const lock = await lockAgent(context.host.files, context.places.agent);
  const kept =
    inJournal && (await isRunByUnit(context)) ? undefined : keepLog(log, context.places.log, level);
  try {
    await holdHost(logging, options, context, { api, log });
  } finally {
    log.flush();
    await kept?.close();
    // Its process would keep this one alive.
    await lock.release();
  }
}

/** The journal is asked for this unit: an agent of another one, or of another network namespace, keeps files. */
async function isRunByUnit({ host, places }: HostContext): Promise<boolean> {
  const cgroups = await host.files.read('/proc/self/cgroup');
  return places.firstNamespace && cgroups?.includes(`/${agentUnit}`) === true;
}

async function holdHost(
  terminal: Terminal,
  options: AgentOptions,
  context: HostContext,
  { api, log }: Pick<Held, 'api' | 'log'>,
): Promise<void> {
  const id = randomUUID();
  const { opened, reported } = countingProgress(context);
  const last = appliedNow(await readHistory(opened.host.files, opened.places.history));
  const file = fileToHold(terminal, options, last?.file);
  const name = options.host ?? last?.host ?? (await openSession(terminal, options)).source.host;
  terminal.watchInterrupts();
  const { running, status, probes, begin, closed } = createParts(terminal, {
    opened,
    id,
    file,
    name,
    api,
    log,
  });
  const { places } = opened;
  const own = { pid: terminal.pid, since: new Date().toISOString(), file, host: name };
  const state = () => ({ ...own, ...status() });
  await api.serve(places.agent, { state, probes }, terminal.interrupt);
  begin({ file, state: [places.history, places.journal, places.drained] });
  log.emit({ kind: 'started', host: name, file, version: packageFile.version });
  const work = { steps: () => running.state().attempts + reported(), isResting: running.isResting };
  await tellSystemd(opened, terminal.env, work, terminal.interrupt);
  await running.run();
  await closed();
  log.emit({ kind: 'stopped', host: name });
}

/** Without `-f`, the file that was applied last, wherever it is: another one would undo what it says. */
function fileToHold(
  terminal: Terminal,
  { file, fileIsDefault }: AgentOptions,
  applied: string | undefined,
): string {
  const asked = resolve(terminal.folder, file);
  if (!fileIsDefault || applied === undefined || applied === asked) return asked;
  terminal.tell(`${applied} was applied last, and is held; -f names another file`, 'note');
  return applied;
}

interface Held {
  readonly opened: HostContext;
  /** id of this agent */
  readonly id: string;
  readonly file: string;
  /** host of the file */
  readonly name: string;
  readonly api: PreparedApi;
  readonly log: Pick<EventLog, 'emit'>;
}

/** Connects the parts of the agent: its view of the host, members, looks and repairs. */
function createParts(terminal: Terminal, { opened, id, file, name, api, log: { emit } }: Held) {
  const end = terminal.interrupt;
  const now = (): number => performance.now();
  const relay = { signal: (): void => {} };
  const signal = (): void => relay.signal();
  const view = viewHost(opened.engines, { emit, signal }, end);
  const context = { ...opened, engines: view.engines, runningAgent: () => Promise.resolve(id) };
  const caller = callerOf(terminal);
  const onRoutesChanged = (): void => {
    view.forget();
    signal();
  };
  const followed = follow({ id, context, caller, onRoutesChanged, emit, end });
  const files = createFileEvents(emit, api.onFiles);
  const look = createLook({
    context,
    caller,
    file,
    host: name,
    now,
    later: (milliseconds) => void pause(milliseconds, end).then(signal),
    onFiles: files.onFiles,
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
    return files.watched(look);
  };
  const running = createAgent({ now, sleep: pause, read, emit, onState: api.onState }, end);
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
