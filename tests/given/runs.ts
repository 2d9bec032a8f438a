/** Runs on a host made up for tests, as the commands begin them: with lock, journal and history. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { changeHost, type HostChange } from '../../src/apply/run/change-host.ts';
import type { Caller } from '../../src/apply/run/caller.ts';
import type { HostContext } from '../../src/apply/run/host-context.ts';
import { applyVerb, destroyVerb } from '../../src/apply/run/verbs.ts';
import { createEngines } from '../../src/engines/index.ts';
import { MustredirectError } from '../../src/error.ts';
import { inFile } from '../../src/inspect/prepare.ts';
import { createExec } from '../../src/host/process/exec.ts';
import type { Exec } from '../../src/host/ports.ts';
import { createFiles } from '../../src/host/files/files.ts';
import type { Places } from '../../src/host/files/places.ts';
import type { FakeHost } from '../fake-host/fake-host.ts';
import { noPause, specOf } from '../scenario/play.ts';

/** runs the programs of the lock */
const real = createExec();

/** Remembers what it was told. */
export function recordedCaller() {
  const told: string[] = [];
  return {
    told,
    user: 'alice',
    pid: 4711,
    interrupt: new AbortController().signal,
    watchInterrupts() {},
    tell: (text, label) => void told.push(label === undefined ? text : `${label}: ${text}`),
  } satisfies Caller & { readonly told: readonly string[] };
}

export interface Ran {
  readonly status: number;
  readonly told: readonly string[];
}

export interface RunOptions {
  readonly confirm?: number;
  readonly wait?: number;
  readonly closed?: true;
  readonly caller?: ReturnType<typeof recordedCaller>;
}

/** The lock is a real file, in a folder that is there as long as the tests of the file run. */
export function givenRuns() {
  const state = '/var/lib/mustredirect/host';
  const places = { ledger: `${state}.json`, journal: `${state}.journal`, history: `${state}.history` };
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mustredirect-runs-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const allPlaces = (): Places => ({
    ...places,
    lock: join(folder, 'lock'),
    agent: join(folder, 'agent'),
    verdicts: join(folder, 'verdicts'),
    drained: join(folder, 'drained'),
    flowLogs: join(folder, 'flows'),
    log: '/var/lib/mustredirect/host.log',
    daemon: '/run/mustredirect/host.bird',
    firstNamespace: true,
  });

  const contextOf = (host: FakeHost): HostContext => {
    const all = allPlaces();
    const read = (path: string) => (path === all.lock ? createFiles() : host.files).read(path);
    const exec: Exec = {
      run: (argv, options) => (argv[0] === 'flock' ? real : host.exec).run(argv, options),
    };
    return {
      host: { ...host, exec, files: { ...host.files, read }, drained: all.drained },
      engines: createEngines({}),
      places: all,
      progress: undefined,
      pause: noPause,
    };
  };

  const run = async (change: HostChange, caller: ReturnType<typeof recordedCaller>): Promise<Ran> => {
    try {
      await changeHost(caller, change);
      return { status: 0, told: caller.told };
    } catch (error) {
      if (!(error instanceof MustredirectError)) throw error;
      const { exitStatus, message, hint } = error;
      return { status: exitStatus, told: [...caller.told, message, ...(hint === undefined ? [] : [hint])] };
    }
  };

  return {
    places,
    lockPath: () => allPlaces().lock,
    contextOf,
    apply: (
      host: FakeHost,
      text: string,
      { confirm, wait = 0, closed, caller = recordedCaller() }: RunOptions = {},
    ): Promise<Ran> => {
      const context = contextOf(host);
      const { engines } = context;
      const spec = specOf(text);
      const target = { host, engines, ...inFile(spec, 'here'), ...(closed ? { closed } : {}) };
      const source = { file: 'f', text, hash: createHash('sha256').update(text).digest('hex'), host: 'here' };
      return run({ ...applyVerb(context, source), context, target, wait, confirm }, caller);
    },
    destroy: (host: FakeHost): Promise<Ran> => {
      const context = contextOf(host);
      return run({ ...destroyVerb(context, [], undefined, false), context, wait: 0 }, recordedCaller());
    },
  };
}
