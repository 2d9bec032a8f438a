/**
 * Test kind, as a folder of `src/kinds` and a port define it. With these alone, its objects pass through plan, apply,
 * journal, undo, render and destroy.
 */
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Journal, readJournal, startJournal } from '../src/apply/journal.ts';
import { openLedger } from '../src/apply/ledger-keeper.ts';
import { parseOwned } from '../src/apply/owned-object.ts';
import { perform } from '../src/apply/perform.ts';
import { ports } from '../src/apply/ports/index.ts';
import type { Port } from '../src/apply/ports/port.ts';
import { stepWork } from '../src/apply/step-work.ts';
import { undoRun } from '../src/apply/undo.ts';
import type { ApplyContext } from '../src/apply/apply-context.ts';
import { createEngines } from '../src/engines/index.ts';
import { renderShell } from '../src/explain/render-shell.ts';
import type { ActionKind } from '../src/kinds/action-kind.ts';
import { type Action, actionKinds } from '../src/kinds/action.ts';
import { type HostObject, objectKinds } from '../src/kinds/index.ts';
import type { ObjectKind } from '../src/kinds/object-kind.ts';
import { objectText } from '../src/plan/compare.ts';
import { noDecisions } from '../src/kinds/flows/nat-decisions.ts';
import { makePlan } from '../src/plan/make-plan.ts';
import type { Plan } from '../src/plan/step.ts';
import { emptyLedger } from '../src/state/ledger.ts';
import { createFakeHost } from './fake-host/fake-host.ts';
import { journalPath, ledgerPath, noPause } from './scenario/play.ts';

const markerSchema = z.object({ kind: z.literal('marker'), name: z.string(), text: z.string() });
type Marker = z.infer<typeof markerSchema>;
const writeSchema = z.object({
  kind: z.literal('write-marker'),
  name: z.string(),
  text: z.string().exactOptional(),
});
type WriteMarker = z.infer<typeof writeSchema>;

const markerKind: ObjectKind<Marker> = {
  name: 'marker',
  schema: markerSchema,
  key: ({ name }) => `marker ${name}`,
  print: ({ name, text }) => `marker ${name}: ${text}`,
  printDifference: (from, to) => `marker ${to.name}: ${to.text} (was ${from.text})`,
  moves(change) {
    const [from, to] = [
      change.kind === 'add' ? undefined : change.from,
      change.kind === 'remove' ? undefined : change.to,
    ];
    const name = (to ?? from)?.name ?? '';
    const rank = to ? 'addPolicy' : 'removePolicy';
    return [{ rank, do: writeAction(name, to?.text), undo: writeAction(name, from?.text) }];
  },
};

const writeMarker: ActionKind<WriteMarker> = {
  names: ['write-marker'],
  schema: writeSchema,
  work: ({ name }) => `writing marker ${name}`,
  objects: () => 1,
  outlivesRestart: true,
  shell: ({ name, text }, { quote }) => [
    text === undefined ? `rm ${quote(pathOf(name))}` : `echo ${quote(text)} >${quote(pathOf(name))}`,
  ],
};

const markerPort: Port<WriteMarker> = {
  perform: ({ name, text }, { host }) =>
    text === undefined ? host.files.remove(pathOf(name)) : host.files.replace(pathOf(name), text),
};

function writeAction(name: string, text: string | undefined): Action {
  return { kind: 'write-marker', name, ...(text === undefined ? {} : { text }) } as unknown as Action;
}

function pathOf(name: string): string {
  return `/run/markers/${name}`;
}

function marker(name: string, text: string): HostObject {
  return { kind: 'marker', name, text } as unknown as HostObject;
}

function planOf(actual: readonly HostObject[], wanted: readonly HostObject[]): Plan {
  const desired = {
    wanted: wanted.map((object) => ({ object, why: 'the test wants it' })),
    nat: noDecisions,
    waiting: [],
    warnings: [],
    notReady: [],
  };
  return makePlan(actual, desired, {});
}

async function newPlace(): Promise<ApplyContext & { host: ReturnType<typeof createFakeHost> }> {
  const host = createFakeHost({ links: [] });
  return {
    host,
    engines: createEngines({}),
    keeper: await openLedger(host.files, ledgerPath),
    pause: noPause,
  };
}

/** Runs the steps of a plan with a journal, and reads the journal like a later run. */
async function run(plan: Plan, place: ApplyContext): Promise<Journal> {
  const { files } = place.host;
  const since = new Date().toISOString();
  const head = { run: 'test', verb: 'apply', process: 1, since, ledger: emptyLedger, before: [] };
  const keeper = await startJournal(files, journalPath, head);
  for (const step of plan.steps) {
    await keeper.begin(step);
    await perform(step.do, place);
  }
  const journal = await readJournal(files, journalPath);
  if (!journal) throw new Error('no journal');
  return journal;
}

const [one, two] = [marker('one', 'left'), marker('one', 'right')];

describe('a new kind', () => {
  beforeAll(() => {
    objectKinds.set('marker', markerKind as unknown as ObjectKind<HostObject>);
    actionKinds.set('write-marker', writeMarker as unknown as ActionKind<Action>);
    ports.set('write-marker', markerPort as unknown as Port<Action>);
  });
  // Other test files share these tables.
  afterAll(() => {
    objectKinds.delete('marker');
    actionKinds.delete('write-marker');
    ports.delete('write-marker');
  });

  it('is planned when added, changed and removed', () => {
    const linesOf = ({ steps }: Plan) => steps.flatMap(({ lines }) => lines);
    expect(linesOf(planOf([], [one]))).toEqual([
      { sign: '+', text: 'marker one: left', why: 'the test wants it' },
    ]);
    expect(linesOf(planOf([one], [two]))).toMatchObject([
      { sign: '~', text: 'marker one: right (was left)' },
    ]);
    expect(linesOf(planOf([one], []))).toMatchObject([{ sign: '-', text: 'marker one: left' }]);
    expect(planOf([one], [one]).steps).toEqual([]);
  });

  it('is applied, recorded in the journal, and undone', async () => {
    const place = await newPlace();
    const before = place.host.state.files;
    const journal = await run(planOf([], [one]), place);
    expect(place.host.state.files.get('/run/markers/one')).toBe('left');
    expect(journal.startedSteps).toEqual([{ undo: { kind: 'write-marker', name: 'one' } }]);
    expect(await undoRun(journal, place)).toEqual([]);
    await place.host.files.remove(journalPath);
    expect(place.host.state.files).toEqual(before);
  });

  it('is undone after a restart if it survives one', async () => {
    const place = await newPlace();
    await run(planOf([], [one]), place);
    const text = (await place.host.files.read(journalPath)) ?? '';
    await place.host.files.replace(journalPath, text.replace(/"boot":"[^"]*"/, '"boot":"another"'));
    const journal = await readJournal(place.host.files, journalPath);
    expect(journal?.sameBoot).toBe(false);
    expect(journal?.startedSteps).toHaveLength(1);
  });

  it('is decoded from the journal', () => {
    expect(parseOwned(objectText(one))).toEqual(one);
  });

  it('is rendered as shell, and reported as progress', () => {
    const plan = planOf([], [one]);
    expect(renderShell(plan, 'here', createEngines({}))).toContain(
      '# + marker one: left: the test wants it\necho left >/run/markers/one\n',
    );
    const [step] = plan.steps;
    expect(step && stepWork(step, 0, 1).what).toBe('writing marker one');
  });

  it('is removed by destroy', async () => {
    const place = await newPlace();
    await run(planOf([], [one]), place);
    await run(planOf([one], []), place);
    expect(place.host.state.files.has('/run/markers/one')).toBe(false);
  });
});
