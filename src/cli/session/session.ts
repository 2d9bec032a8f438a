/** Session of a command that reads a host: the file, the host's role, and the ports to the outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { runningAgent } from '../../agent/socket.ts';
import type { Applied, Source } from '../../apply/history.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { type Target, inFile } from '../../inspect/prepare.ts';
import { createEngines } from '../../engines/index.ts';
import { createExec } from '../../host/process/exec.ts';
import { createFiles } from '../../host/files/files.ts';
import { readLinks } from '../../host/ip/links.ts';
import { checkOwnPlaces } from '../../host/files/own-places.ts';
import { findPlaces } from '../../host/files/places.ts';
import type { Host } from '../../host/ports.ts';
import type { Progress } from '../../host/progress.ts';
import { requireNetAdmin } from '../../host/process/privileges.ts';
import type { Spec } from '../../spec/spec.ts';
import { whichHost } from '../../topology/which-host.ts';
import { commandLine } from './command-line.ts';
import { checkSpec, readSpecText } from './load-spec.ts';
import { createPhaseTimes } from '../terminal/phase-times.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ContextOptions {
  readonly verbose?: true | undefined;
}

export interface HostOptions extends ContextOptions {
  readonly file: string;
  readonly host?: string | undefined;
}

/** Ports to the outside, without a file. */
export interface TracedContext extends HostContext {
  /** prints a command before it runs, with `-v` */
  readonly trace: ((argv: readonly string[]) => void) | undefined;
}

export async function openContext(terminal: Terminal, options: ContextOptions): Promise<TracedContext> {
  const trace = options.verbose
    ? (argv: readonly string[]): void => terminal.tell(terminal.paintStderr('dim', `$ ${commandLine(argv)}`))
    : undefined;
  terminal.endOnInterrupt('interrupted; nothing was changed');
  const files = createFiles();
  await requireNetAdmin(files);
  const places = await findPlaces(terminal.env);
  await checkOwnPlaces(places);
  return {
    host: {
      exec: createExec(trace),
      files,
      daemon: { folder: places.daemon, bySystemd: places.firstNamespace },
      verdicts: places.verdicts,
      drained: places.drained,
    },
    engines: createEngines(terminal.env),
    places,
    trace,
    progress: options.verbose ? timedProgress(terminal) : terminal.progress,
    pause: (milliseconds) => sleep(milliseconds),
    runningAgent: () => runningAgent(places.agent),
  };
}

function timedProgress(terminal: Terminal): Progress {
  const tell = (text: string): void => terminal.tell(terminal.paintStderr('dim', text));
  const { report, end } = createPhaseTimes(tell, terminal.progress);
  terminal.whenDone(end);
  return report;
}

export interface Session extends TracedContext {
  readonly target: Target;
  /** file that the target was read from */
  readonly source: Source;
}

export async function openSession(terminal: Terminal, options: HostOptions): Promise<Session> {
  const context = await openContext(terminal, options);
  context.progress?.({ what: 'reading the file' });
  const text = await readSpecText(context.host.files, options.file, terminal);
  const spec = checkSpec(text, options.file, terminal);
  const host = await findHost(spec, context.host, terminal, options);
  const file = resolve(terminal.folder, options.file);
  return {
    ...context,
    target: targetOf(context, spec, host),
    source: { file, text, hash: hashOf(text), host },
  };
}

/** Session with a file from the history. */
export function appliedSession(terminal: Terminal, context: TracedContext, source: Applied): Session {
  return { ...context, target: appliedTarget(terminal, context, source), source };
}

export function appliedTarget(terminal: Terminal, context: HostContext, source: Applied): Target {
  const spec = checkSpec(source.text, source.file, terminal);
  return { ...targetOf(context, spec, source.host), numbers: source.numbers };
}

function targetOf(context: HostContext, spec: Spec, host: string): Target {
  return { ...context, ...inFile(spec, host) };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function findHost(spec: Spec, host: Host, terminal: Terminal, options: HostOptions): Promise<string> {
  const fromEnv = terminal.env['MUSTREDIRECT_HOST'];
  if (options.host !== undefined) {
    return whichHost(spec, { asked: { name: options.host, by: '--host' }, addresses: [] });
  }
  if (fromEnv !== undefined && fromEnv !== '') {
    return whichHost(spec, { asked: { name: fromEnv, by: 'MUSTREDIRECT_HOST' }, addresses: [] });
  }
  const links = await readLinks(host.exec);
  return whichHost(spec, { addresses: links.flatMap(({ addresses }) => addresses) });
}
