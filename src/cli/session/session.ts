/** What every command that looks at a host needs: the file, which host this is, and the ways to the outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Applied, Source } from '../../apply/history.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import type { Target } from '../../inspect/prepare.ts';
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
import { hostRole } from '../../topology/topology.ts';
import { whichHost } from '../../topology/which-host.ts';
import { commandLine } from './command-line.ts';
import { checkSpec, readSpecText } from './load-spec.ts';
import { createPhaseTimes } from '../terminal/phase-times.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface GroundOptions {
  readonly verbose?: true | undefined;
}

export interface HostOptions extends GroundOptions {
  readonly file: string;
  readonly host?: string | undefined;
}

/** The outside, without a file. */
export interface TracedContext extends HostContext {
  /** shows a command before it runs, with `-v` */
  readonly trace: ((argv: readonly string[]) => void) | undefined;
}

export async function openGround(terminal: Terminal, options: GroundOptions): Promise<TracedContext> {
  const trace = options.verbose
    ? (argv: readonly string[]): void => terminal.tell(terminal.paintTold('dim', `$ ${commandLine(argv)}`))
    : undefined;
  terminal.endOnInterrupt('interrupted; nothing was changed');
  const files = createFiles();
  await requireNetAdmin(files);
  const places = await findPlaces(terminal.env);
  await checkOwnPlaces(places);
  return {
    host: { exec: createExec(trace), files },
    engines: createEngines(terminal.env),
    places,
    trace,
    progress: options.verbose ? timedProgress(terminal) : terminal.progress,
    pause: (milliseconds) => sleep(milliseconds),
  };
}

function timedProgress(terminal: Terminal): Progress {
  const tell = (text: string): void => terminal.tell(terminal.paintTold('dim', text));
  const { report, end } = createPhaseTimes(tell, terminal.progress);
  terminal.whenDone(end);
  return report;
}

export interface Session extends TracedContext {
  readonly target: Target;
  /** what the target was read from */
  readonly source: Source;
}

export async function openSession(terminal: Terminal, options: HostOptions): Promise<Session> {
  const ground = await openGround(terminal, options);
  ground.progress?.({ what: 'reading the file' });
  const text = await readSpecText(ground.host.files, options.file, terminal);
  const spec = checkSpec(text, options.file, terminal);
  const host = await findHost(spec, ground.host, terminal, options);
  const file = resolve(terminal.folder, options.file);
  return {
    ...ground,
    target: targetOf(ground, spec, host),
    source: { file, text, hash: hashOf(text), host },
  };
}

/** A session with a file as it was applied before. */
export function appliedSession(terminal: Terminal, ground: TracedContext, source: Applied): Session {
  return { ...ground, target: appliedTarget(terminal, ground, source), source };
}

export function appliedTarget(terminal: Terminal, ground: HostContext, source: Applied): Target {
  const spec = checkSpec(source.text, source.file, terminal);
  return { ...targetOf(ground, spec, source.host), numbers: source.numbers };
}

function targetOf(ground: HostContext, spec: Spec, host: string): Target {
  return { ...ground, role: hostRole(spec, host), gateways: spec.gateways };
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
