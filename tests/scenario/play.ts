/** Plays a scenario on a fake or real host, and returns the results. */
import { type Run, applyPlan } from '../../src/apply/apply.ts';
import { readJournal } from '../../src/apply/journal.ts';
import { openLedger } from '../../src/apply/ledger-keeper.ts';
import { type Prepared, type Target, inFile, noRole, prepare } from '../../src/inspect/prepare.ts';
import { type Engines, createEngines } from '../../src/engines/index.ts';
import type { Host } from '../../src/host/ports.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { formatProblems } from '../../src/spec/problem.ts';
import type { Spec } from '../../src/spec/spec.ts';
import type { Scenario, ScenarioContainer } from './scenario.ts';

/** Host on which a scenario is played. */
export interface Stage {
  readonly host: Host;
  /** dump of everything on the host that a run may change */
  dump(): Promise<string>;
  /** dump that also shows untouched objects: handles, counters, or the number of changes so far */
  trace(): Promise<string>;
  setContainers(containers: readonly ScenarioContainer[]): void;
}

export interface Played {
  readonly runs: readonly PlayedRun[];
  readonly destroy: string;
  readonly start: string;
  readonly end: string;
}

export interface PlayedRun {
  readonly plan: string;
  readonly waiting: readonly string[];
  readonly warnings: readonly string[];
  readonly notReady: readonly string[];
  readonly refusals: readonly string[];
  /** plan of a second run */
  readonly again: string;
  /** traces after the first and the second apply */
  readonly once: string;
  readonly twice: string;
}

export const stateFolder = '/var/lib/mustredirect-scenario';
export const ledgerPath = `${stateFolder}/host.json`;
export const journalPath = `${stateFolder}/host.journal`;

export async function play(scenario: Scenario, stage: Stage): Promise<Played> {
  const engines = createEngines({});
  const start = await stage.dump();
  const runs: PlayedRun[] = [];
  for (const run of scenario.runs) {
    if (run.containers) stage.setContainers(run.containers);
    runs.push(await playRun(targetOf(run.file, scenario.host, stage.host, engines), stage));
  }
  stage.setContainers([]);
  const destroy = await applyTo({ host: stage.host, engines, ...noRole });
  return { runs, destroy: planText(destroy), start, end: await stage.dump() };
}

async function playRun(target: Target, stage: Stage): Promise<PlayedRun> {
  const first = await applyTo(target);
  const once = await stage.trace();
  const refusals = first.desired.refusals.map(({ message }) => message);
  const again = refusals.length > 0 ? '' : planText(await applyTo(target));
  const twice = await stage.trace();
  const warnings = first.plan.warnings.map(({ message }) => message);
  const notReady = first.desired.notReady.map(({ message }) => message);
  const plan = planText(first);
  return { plan, waiting: first.plan.waiting, warnings, notReady, refusals, again, once, twice };
}

/** Run with fixed values for tests. */
export const testRun: Run = { journal: journalPath, id: 'test', verb: 'apply', process: 1 };

/** On a fake host, no packets are in flight to wait for. */
export const noPause = (): Promise<void> => Promise.resolve();

/** Runs the command without its questions. */
export async function applyTo(target: Target, run: Partial<Run> = {}): Promise<Prepared> {
  const interruptedRun = await readJournal(target.host.files, journalPath);
  const keeper = await openLedger(target.host.files, ledgerPath);
  const prepared = await prepare(target, keeper.ledger);
  if (prepared.desired.refusals.length === 0) {
    await applyPlan(
      target,
      prepared,
      { ...target, keeper, pause: noPause },
      { ...testRun, interruptedRun, ...run },
    );
  }
  return prepared;
}

function targetOf(file: string, name: string, host: Host, engines: Engines): Target {
  const spec = specOf(file);
  return { host, engines, ...inFile(spec, name) };
}

export function specOf(file: string): Spec {
  const parsed = parseSpec(file);
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(formatProblems(parsed.problems, file, 'file'));
}

/** Text of the plan without reasons; empty when the plan is refused. */
export function planText({ plan, desired }: Pick<Prepared, 'plan' | 'desired'>): string {
  if (desired.refusals.length > 0) return '';
  return plan.steps
    .flatMap(({ lines }) => lines)
    .map(({ sign, text }) => `${sign} ${text}\n`)
    .join('');
}
