/** One look at the file and the host: what is in force, and what differs from it. */
import { isDeepStrictEqual } from 'node:util';
import { type Applied, type Source, appliedNow, readHistory } from '../apply/history.ts';
import type { Caller } from '../apply/run/caller.ts';
import { type HostChange, changeHost } from '../apply/run/change-host.ts';
import type { Known } from '../apply/run/change-routes.ts';
import { earlierRunText, isOverdue, readOpenRun } from '../apply/run/earlier-run.ts';
import { type HostContext, readAndPlan } from '../apply/run/host-context.ts';
import { RefusedError, refuse } from '../apply/run/refuse.ts';
import { repairVerb } from '../apply/run/verbs.ts';
import { MustredirectError } from '../error.ts';
import { readDrained } from '../host/files/drain-store.ts';
import { isLocked, lastHolder } from '../host/files/lock.ts';
import { type Compared, type Prepared, type Target, inFile } from '../inspect/prepare.ts';
import { planLines } from '../plan/print.ts';
import type { Plan } from '../plan/step.ts';
import { type ParseFile, createFileParser } from '../spec/file-parser.ts';
import type { ParsedSpec } from '../spec/parse.ts';
import { formatProblems } from '../spec/problem.ts';
import type { Spec } from '../spec/spec.ts';
import type { Reading } from './reading.ts';
import { type FileReaderPorts, createFileReader } from './file-reader.ts';
import type { HostView } from './host-view.ts';
import { type FileNow, fileInForce } from './in-force.ts';
import { reportsOf } from './reports.ts';
import { type Rejected, rejectedFor, rejecting, withoutRejected } from './rejected.ts';

export interface Looked extends FileReaderPorts {
  readonly context: HostContext;
  readonly caller: Caller;
  /** called with what a look has found; undefined: nothing is applied */
  readonly onLook: (known: Found | undefined) => void;
  /** absent: each look reads the whole host */
  readonly view?: Pick<HostView, 'memory' | 'forget' | 'waitForEngines' | 'silentEngines'>;
  /** called with the hashes of the file on disk, once it has settled, and of what was applied last */
  readonly onFiles?: (hashes: FileHashes) => void;
}

/** sha256, hexadecimal; absent: the file cannot be read, nothing is applied */
export interface FileHashes {
  readonly wanted?: string;
  readonly inForce?: string;
}

/** Result of a look at the host. */
export interface Found extends Known, Prepared {
  /** members that an operator has taken out of use */
  readonly drained: readonly string[];
}

/** A file, and what of it stays the same from look to look. */
interface Parsed {
  readonly source: Source | Applied;
  readonly target: Target;
  /** result of the last look */
  known?: Compared;
  /** who had the lock last, at the last look */
  holder?: string | undefined;
}

/** milliseconds until it is looked again whether a run of somebody else has ended */
const lockedPause = 500;
const otherRun = 'another run is at work';
/** plan lines in a log line */
const shownLines = 3;

/** Makes a function that looks once; it remembers the file of the last look, and what depends on it. */
export function createLook(looked: Looked): () => Promise<Reading> {
  const parse = createFileParser();
  const readFile = createFileReader(looked, parse);
  let last: Parsed | undefined;
  let rejected: Rejected | undefined;
  const reject = (source: Source, error: unknown): void => {
    rejected = rejectedFor(source, error, looked.now());
  };
  const look = async (): Promise<Reading> => {
    const { host, places } = looked.context;
    const history = await readHistory(host.files, places.history);
    const applied = appliedNow(history);
    const now = applied ? await readFile(applied) : { problem: '' };
    const inForce = fileInForce(history, now);
    looked.onFiles?.(hashesOf(now, applied));
    if (inForce.kind === 'nothing') {
      looked.onLook(undefined);
      return { kind: 'rest', why: 'nothing is applied: `mustredirect apply` begins' };
    }
    const { source, problem } = withoutRejected(inForce, applied, rejected, looked.now());
    const isNew = applied !== undefined && source.hash !== applied.hash;
    if (!last || !isDeepStrictEqual(last.source, source)) {
      last = { source, target: targetOf(looked.context, source, parse) };
    }
    try {
      const reading = await lookAt(looked, last, isNew, history.entries.at(-1)?.run);
      const told = problem === undefined ? reading : { ...reading, problem };
      return isNew ? rejecting(told, (error) => reject(source, error)) : told;
    } catch (error) {
      if (!isNew || !(error instanceof RefusedError)) throw error;
      reject(source, error);
      return look();
    }
  };
  return look;
}

function hashesOf(now: FileNow, applied: Applied | undefined): FileHashes {
  const wanted = 'source' in now ? now.source.hash : now.hash;
  return {
    ...(wanted === undefined ? {} : { wanted }),
    ...(applied ? { inForce: applied.hash } : {}),
  };
}

/**
 * Compares the host with a file.
 *
 * @param isNew it is not applied yet
 */
async function lookAt(
  looked: Looked,
  parsed: Parsed,
  isNew: boolean,
  run: string | undefined,
): Promise<Reading> {
  const { context, onLook, view } = looked;
  const { source, target } = parsed;
  const { files } = context.host;
  const { lock, drained: drainedFile } = context.places;
  const holder = await lastHolder(files, lock);
  const openRun = await readOpenRun(context);
  // To ask the lock costs a program, and each run of somebody else leaves a journal, or its name.
  const isOther = holder !== parsed.holder && !holder?.includes(`process ${looked.caller.pid},`);
  if ((openRun || isOther) && (await isLocked(context.host, lock))) return atWork(looked);
  parsed.holder = holder;
  if (openRun?.until !== undefined && !isOverdue(openRun))
    return { kind: 'rest', why: earlierRunText(openRun) };
  // A container that has never been started causes no event.
  if (isNew) view?.waitForEngines();
  const remembered = view ? { memory: view.memory } : {};
  const read = await readForRepair(context, { ...target, ...remembered }, parsed.known);
  parsed.known = read;
  // A run that has begun meanwhile, and is undone, would leave no trace in the history.
  const hasBegun = !openRun && (await readOpenRun(context)) !== undefined;
  if (hasBegun || (await lastHolder(files, lock)) !== holder) return atWork(looked);
  const { plan, desired } = read;
  const drained = await readDrained(files, drainedFile);
  // Members are followed by the file that is in force.
  if (isNew) refuse(desired.refusals);
  onLook(foundOf(read, { source, run, target }, drained));
  refuse(desired.refusals);
  const found = reportsOf(plan, read.role, view?.silentEngines());
  const reports = found.length === 0 ? {} : { reports: found };
  if (plan.steps.length === 0 && !openRun) return { kind: 'rest', ...reports };
  return {
    kind: 'differs',
    ...reports,
    what: openRun ? `${earlierRunText(openRun)}; ${planText(plan)}` : planText(plan),
    // Somebody may undo an open run before this one begins, which the history does not always tell.
    repair: () => repair(looked, { target, ...(openRun ? {} : { read, ...remembered }) }, { source, run }),
  };
}

/**
 * Reads the host, and once more where a rule or a route is to come back: whatever took it may have taken what closes, too,
 * and the event of that may still be on its way.
 */
async function readForRepair(
  context: HostContext,
  target: Target,
  known: Compared | undefined,
): Promise<Prepared> {
  const read = await readAndPlan(context, target, known);
  if (!target.memory || !read.plan.steps.some(({ do: { kind } }) => kind === 'ip')) return read;
  target.memory.forget(['routes', 'policies', 'nft']);
  return readAndPlan(context, target, read);
}

/** What a look has found, with the networks that their labels redirect. */
function foundOf(
  read: Prepared,
  { target, ...file }: Pick<Found, 'source' | 'run' | 'target'>,
  drained: readonly { readonly host: string }[],
): Found {
  const drainedHosts = drained.map(({ host }) => host);
  return { ...read, ...file, target: { ...target, role: read.role }, drained: drainedHosts };
}

/**
 * Returns false when another run has come first, or is at work.
 *
 * @param run id of the last run in the history
 */
async function repair(
  { context, caller, view }: Looked,
  what: Pick<HostChange, 'target' | 'read' | 'memory'>,
  { source, run }: { readonly source: Source; readonly run: string | undefined },
): Promise<boolean> {
  try {
    await changeHost(caller, { context, wait: 0, ...what, ...repairVerb(context, source, run) });
    return true;
  } catch (error) {
    // A run that has ended well has forgotten what it has changed.
    view?.forget();
    if (error instanceof MustredirectError && ['superseded', 'busy'].includes(error.code)) return false;
    throw error;
  }
}

/** Then it is looked again soon: nothing tells that a lock is free. */
function atWork({ later }: Looked): Reading {
  later(lockedPause);
  return { kind: 'rest', why: otherRun };
}

function targetOf(context: HostContext, source: Source | Applied, parse: ParseFile): Target {
  const { text, host } = source;
  const spec = specOf(parse(text), source);
  return {
    ...context,
    ...inFile(spec, host),
    ...('numbers' in source ? { numbers: source.numbers, createsNetworks: false } : {}),
  };
}

function specOf(parsed: ParsedSpec, { text, file }: Source): Spec {
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(formatProblems(parsed.problems, text, file));
}

function planText(plan: Plan): string {
  const lines = planLines(plan).map(({ sign, text }) => `${sign} ${text}`);
  const rest = lines.length - shownLines;
  return [...lines.slice(0, shownLines), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
