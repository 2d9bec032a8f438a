/** One look at the file and the host: what is in force, and what differs from it. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Applied, type Source, appliedNow, readHistory } from '../apply/history.ts';
import type { Caller } from '../apply/run/caller.ts';
import { type HostChange, changeHost } from '../apply/run/change-host.ts';
import type { Known } from '../apply/run/change-routes.ts';
import { earlierRunText, isOverdue, readOpenRun } from '../apply/run/earlier-run.ts';
import { type HostContext, readAndPlan } from '../apply/run/host-context.ts';
import { refuse } from '../apply/run/refuse.ts';
import { repairVerb } from '../apply/run/verbs.ts';
import { MustredirectError, markHandled } from '../error.ts';
import { readDrained } from '../host/files/drain-store.ts';
import { isLocked, lastHolder } from '../host/files/lock.ts';
import type { Compared, Target } from '../inspect/prepare.ts';
import { notReadyText } from '../plan/not-ready.ts';
import { planLines } from '../plan/print.ts';
import type { Plan } from '../plan/step.ts';
import { parseSpec } from '../spec/parse.ts';
import { formatProblems } from '../spec/problem.ts';
import type { Spec } from '../spec/spec.ts';
import { hostRole } from '../topology/topology.ts';
import type { Reading } from './reading.ts';
import { type FileNow, fileInForce } from './in-force.ts';

export interface Looked {
  readonly context: HostContext;
  readonly caller: Caller;
  /** absolute path of the file */
  readonly file: string;
  /** host of the file that this machine is */
  readonly host: string;
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** asks for another look after some milliseconds */
  readonly later: (milliseconds: number) => void;
  /** called with what a look has found; undefined: nothing is applied */
  readonly onLook: (known: Found | undefined) => void;
}

/** Result of a look at the host. */
export interface Found extends Known {
  /** members that an operator has taken out of use */
  readonly drained: readonly string[];
}

/** A file, and what of it stays the same from look to look. */
interface Parsed {
  readonly source: Source | Applied;
  readonly target: Target;
  /** result of the last look */
  known?: Compared;
}

/** A file that has changed is taken when it has stayed the same this long: an editor writes it in several steps. */
const settleTime = 1000;
/** milliseconds until it is looked again whether a run of somebody else has ended */
const lockedPause = 500;
/** seconds to wait for a run of somebody else */
const lockWait = 10;
const otherRun = 'another run is at work';
/** plan lines in a log line */
const shownLines = 3;

/** Makes a function that looks once; it remembers the file of the last look, and what depends on it. */
export function createLook(looked: Looked): () => Promise<Reading> {
  const readFile = createFileReader(looked);
  let last: Parsed | undefined;
  return async () => {
    const { host, places } = looked.context;
    const history = await readHistory(host.files, places.history);
    const applied = appliedNow(history);
    const inForce = fileInForce(history, applied ? await readFile(applied) : { problem: '' });
    if (inForce.kind === 'nothing') {
      looked.onLook(undefined);
      return { kind: 'rest', why: 'nothing is applied: `mustredirect apply` begins' };
    }
    const { source, problem } = inForce;
    if (!last || !isDeepStrictEqual(last.source, source)) {
      last = { source, target: targetOf(looked.context, source) };
    }
    const reading = await lookAt(looked, last, history.entries.at(-1)?.run);
    return problem === undefined ? reading : { ...reading, problem };
  };
}

/** Compares the host with a file that is in force. */
async function lookAt(looked: Looked, parsed: Parsed, run: string | undefined): Promise<Reading> {
  const { context, caller, onLook } = looked;
  const { source, target } = parsed;
  const holder = await lastHolder(context.host.files, context.places.lock);
  // Begun before the lock is looked at, which starts a program: where a run is at work, it is for nothing.
  const reading = markHandled(readAndPlan(context, target, parsed.known));
  if (await isLocked(context.host, context.places.lock)) return atWork(looked);
  // Read after the lock: the journal of a run that goes on would look like that of one that was cut off.
  const openRun = await readOpenRun(context);
  if (openRun?.until !== undefined && !isOverdue(openRun))
    return { kind: 'rest', why: earlierRunText(openRun) };
  const read = await reading;
  parsed.known = read;
  // A run that has begun meanwhile, and is undone, would leave no trace in the history.
  if ((await lastHolder(context.host.files, context.places.lock)) !== holder) return atWork(looked);
  const { plan, desired } = read;
  const drained = await readDrained(context.host.files, context.places.drained);
  onLook({ ...read, target, source, run, drained: drained.map(({ host }) => host) });
  refuse(desired.refusals);
  const reports = [...plan.notReady.map(notReadyText), ...plan.waiting];
  const reported = reports.length === 0 ? {} : { reports };
  if (plan.steps.length === 0 && !openRun) return { kind: 'rest', ...reported };
  return {
    kind: 'differs',
    ...reported,
    what: openRun ? `${earlierRunText(openRun)}; ${planText(plan)}` : planText(plan),
    // Somebody may undo an open run before this one begins, which the history does not always tell.
    repair: () =>
      repair(caller, {
        context,
        target,
        wait: lockWait,
        ...(openRun ? {} : { read }),
        ...repairVerb(context, source, run),
      }),
  };
}

/** Returns false when another run has come first. */
async function repair(caller: Caller, change: HostChange): Promise<boolean> {
  try {
    await changeHost(caller, change);
    return true;
  } catch (error) {
    if (error instanceof MustredirectError && error.code === 'superseded') return false;
    throw error;
  }
}

/** Then it is looked again soon: nothing tells that a lock is free. */
function atWork({ later }: Looked): Reading {
  later(lockedPause);
  return { kind: 'rest', why: otherRun };
}

/** Reads the file on disk, which is taken once it has settled; until then, it is what was applied last. */
function createFileReader({ context, file, host, now, later }: Looked) {
  let changed: { readonly hash: string; readonly since: number } | undefined;
  return async (applied: Applied): Promise<FileNow> => {
    const text = await readText(context, file);
    if (typeof text !== 'string') return text;
    const source = { file, text, hash: hashOf(text), host };
    if (source.hash === applied.hash) {
      changed = undefined;
      return { source };
    }
    if (changed?.hash !== source.hash) changed = { hash: source.hash, since: now() };
    const left = changed.since + settleTime - now();
    if (left > 0) {
      later(left);
      return { source: applied };
    }
    const parsed = parseSpec(text);
    return parsed.kind === 'spec' ? { source } : { problem: formatProblems(parsed.problems, text, file) };
  };
}

async function readText({ host }: HostContext, file: string): Promise<string | { readonly problem: string }> {
  try {
    return (await host.files.read(file)) ?? { problem: `${file}: no such file` };
  } catch (error) {
    return { problem: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function targetOf(context: HostContext, source: Source | Applied): Target {
  const { text, file, host } = source;
  const spec = specOf(text, file);
  return {
    ...context,
    role: hostRole(spec, host),
    gateways: spec.gateways,
    ...('numbers' in source ? { numbers: source.numbers, createsNetworks: false } : {}),
  };
}

function specOf(text: string, file: string): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(formatProblems(parsed.problems, text, file));
}

function planText(plan: Plan): string {
  const lines = planLines(plan).map(({ sign, text }) => `${sign} ${text}`);
  const rest = lines.length - shownLines;
  return [...lines.slice(0, shownLines), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
