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
import { type FileReaderPorts, createFileReader } from './file-reader.ts';
import { fileInForce } from './in-force.ts';
import { type Rejected, rejectedFor, rejecting, withoutRejected } from './rejected.ts';

export interface Looked extends FileReaderPorts {
  readonly context: HostContext;
  readonly caller: Caller;
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
  let rejected: Rejected | undefined;
  const reject = (source: Source, error: unknown): void => {
    rejected = rejectedFor(source, error, looked.now());
  };
  const look = async (): Promise<Reading> => {
    const { host, places } = looked.context;
    const history = await readHistory(host.files, places.history);
    const applied = appliedNow(history);
    const inForce = fileInForce(history, applied ? await readFile(applied) : { problem: '' });
    if (inForce.kind === 'nothing') {
      looked.onLook(undefined);
      return { kind: 'rest', why: 'nothing is applied: `mustredirect apply` begins' };
    }
    const { source, problem } = withoutRejected(inForce, applied, rejected, looked.now());
    const isNew = applied !== undefined && source.hash !== applied.hash;
    if (!last || !isDeepStrictEqual(last.source, source)) {
      last = { source, target: targetOf(looked.context, source) };
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
  const { context, caller, onLook } = looked;
  const { source, target } = parsed;
  const holder = await lastHolder(context.host.files, context.places.lock);
  // Begun before the lock is looked at, which starts a program: where a run is at work, it is for nothing.
  const reading = markHandled(readAndPlan(context, target, parsed.known));
  // Reads must not pile up while a run takes long.
  const resting = (rest: Reading): Promise<Reading> =>
    reading.then(
      () => rest,
      () => rest,
    );
  if (await isLocked(context.host, context.places.lock)) return resting(atWork(looked));
  // Read after the lock: the journal of a run that goes on would look like that of one that was cut off.
  const openRun = await readOpenRun(context);
  if (openRun?.until !== undefined && !isOverdue(openRun))
    return resting({ kind: 'rest', why: earlierRunText(openRun) });
  const read = await reading;
  parsed.known = read;
  // A run that has begun meanwhile, and is undone, would leave no trace in the history.
  if ((await lastHolder(context.host.files, context.places.lock)) !== holder) return atWork(looked);
  const { plan, desired } = read;
  const drained = await readDrained(context.host.files, context.places.drained);
  // Members are followed by the file that is in force.
  if (isNew) refuse(desired.refusals);
  onLook({ ...read, target, source, run, drained: drained.map(({ host }) => host) });
  refuse(desired.refusals);
  if (plan.steps.length === 0 && !openRun) return { kind: 'rest', ...reportsOf(plan) };
  // Somebody may undo an open run before this one begins, which the history does not always tell.
  const known = openRun ? {} : { read };
  const verb = repairVerb(context, source, run);
  return {
    kind: 'differs',
    ...reportsOf(plan),
    what: openRun ? `${earlierRunText(openRun)}; ${planText(plan)}` : planText(plan),
    repair: () => repair(caller, { context, target, wait: lockWait, ...known, ...verb }),
  };
}

function reportsOf({ notReady, waiting }: Plan): Pick<Reading, 'reports'> {
  const reports = [...notReady.map(notReadyText), ...waiting];
  return reports.length === 0 ? {} : { reports };
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
