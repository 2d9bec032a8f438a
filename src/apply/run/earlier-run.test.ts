import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { noPause, specOf } from '../../../tests/scenario/play.ts';
import { MustredirectError } from '../../error.ts';
import { readHistory } from '../history.ts';
import { readJournal, removeJournal } from '../journal.ts';
import { createEngines } from '../../engines/index.ts';
import { createBackground } from '../../host/process/background.ts';
import { createFiles } from '../../host/files/files.ts';
import { takeLock } from '../../host/files/lock.ts';
import type { Places } from '../../host/files/places.ts';
import { hostRole } from '../../topology/topology.ts';
import { changeHost } from './change-host.ts';
import { watchRun } from './confirm.ts';
import type { Caller } from './caller.ts';
import { applyVerb } from './verbs.ts';
import type { HostContext } from './host-context.ts';

const file = (gateway: string): string => `
version: 1
hosts: { here: 192.168.50.10, gw1: ${gateway} }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`;
const near = file('192.168.50.2');
const other = file('192.168.50.3');

const bootPath = '/proc/sys/kernel/random/boot_id';

let places: Places;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-earlier-'));
  const state = '/var/lib/mustredirect/host';
  places = {
    ledger: `${state}.json`,
    journal: `${state}.journal`,
    history: `${state}.history`,
    lock: join(folder, 'lock'),
    firstNamespace: true,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newHost(): FakeHost {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  return createFakeHost({ links: [link] });
}

/** Remembers what it was told. */
function recordedCaller() {
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

function contextOf(host: FakeHost): HostContext {
  const read = (path: string) => (path === places.lock ? createFiles() : host.files).read(path);
  const engines = createEngines({});
  return {
    host: { ...host, files: { ...host.files, read } },
    engines,
    places,
    progress: undefined,
    pause: noPause,
  };
}

async function apply(
  host: FakeHost,
  text: string,
  {
    confirm,
    wait = 0,
    caller = recordedCaller(),
  }: { confirm?: number; wait?: number; caller?: ReturnType<typeof recordedCaller> } = {},
) {
  const context = contextOf(host);
  const spec = specOf(text);
  try {
    await changeHost(caller, {
      ...applyVerb(context, { file: 'f', text, hash: text, host: 'here' }),
      context,
      target: { host, engines: context.engines, role: hostRole(spec, 'here'), gateways: spec.gateways },
      wait,
      confirm,
    });
    return { status: 0, told: caller.told };
  } catch (error) {
    if (!(error instanceof MustredirectError)) throw error;
    const { exitStatus, message, hint } = error;
    return { status: exitStatus, told: [...caller.told, message, ...(hint === undefined ? [] : [hint])] };
  }
}

/** As if we had been killed when its second step was in the journal. */
async function applyKilled(host: FakeHost, text: string): Promise<void> {
  let begun = 0;
  host.failWhen(({ what }) => {
    if (what === `append ${places.journal}`) begun += 1;
    return begun > 1 ? { kind: 'killed' } : undefined;
  });
  await apply(host, text);
  host.failWhen();
}

/** All but the history, which tells of times. */
function stateOf(host: FakeHost): string {
  return host
    .dump()
    .split('\n')
    .filter((line) => !line.startsWith(`file ${places.history}`))
    .join('\n');
}

async function applied(...texts: readonly string[]): Promise<FakeHost> {
  const host = newHost();
  for (const text of texts) expect(await apply(host, text)).toMatchObject({ status: 0 });
  return host;
}

describe('a run that was cut off', () => {
  it('is brought to its end by the next one, which says so', async () => {
    const host = await applied(near);
    await applyKilled(host, other);
    expect(await readJournal(host.files, places.journal)).toBeDefined();
    const { status, told } = await apply(host, other);
    expect({ status, told }).toEqual({
      status: 0,
      told: [
        expect.stringMatching(/apply \(process 4711, since .*\) was cut off after [1-9]\d* steps?; this one/),
      ],
    });
    expect(stateOf(host)).toBe(stateOf(await applied(near, other)));
  });

  it('is undone together with the next one, when that fails', async () => {
    const host = await applied(near);
    const before = stateOf(host);
    await applyKilled(host, other);
    host.failWhen(({ what, input }) =>
      what.includes('-batch') && input.includes('route replace') && !what.includes('-force')
        ? { kind: 'failed' }
        : undefined,
    );
    const { status, told } = await apply(host, file('192.168.50.4'));
    host.failWhen();
    expect({ status, told }).toMatchObject({
      status: 1,
      told: expect.arrayContaining([expect.stringContaining('everything is as it was before')]) as unknown,
    });
    expect(stateOf(host)).toBe(before);
  });

  it('is undone when the next one is refused', async () => {
    const host = await applied(near);
    await applyKilled(host, other);
    // Refused: somebody's rule stands among ours.
    const foreign = { preference: 4500, action: { kind: 'nop' }, protocol: 3 } as const;
    const withRule = (rules: FakeHost['state']['rules']): FakeHost['state']['rules'] => [
      ...rules.filter(({ preference }) => preference < 4500),
      foreign,
      ...rules.filter(({ preference }) => preference > 4500),
    ];
    host.state.rules = withRule(host.state.rules);
    const { status, told } = await apply(host, near);
    expect(status).toBe(4);
    expect(told.join('\n')).toMatch(
      /undone:.* apply .* everything is as it was before it\n.*preferences 4000 to 4999 are reserved for mustredirect/,
    );
    const clean = await applied(near);
    clean.state.rules = withRule(clean.state.rules);
    expect(stateOf(host)).toBe(stateOf(clean));
  });

  describe('at its very end', () => {
    async function killedAtItsEnd(): Promise<FakeHost> {
      const host = newHost();
      let gone = false;
      host.failWhen(({ what }) => {
        gone ||= what === `remove ${places.journal}`;
        return gone ? { kind: 'killed' } : undefined;
      });
      await apply(host, near);
      host.failWhen();
      return host;
    }

    it('is written down once', async () => {
      const host = await killedAtItsEnd();
      expect(await apply(host, near)).toEqual({ status: 0, told: [] });
      expect((await readHistory(host.files, places.history)).entries).toHaveLength(1);
      expect(await host.files.read(places.journal)).toBeUndefined();
    });

    it('is another than the next one, which is written down as well', async () => {
      const host = await killedAtItsEnd();
      expect(await apply(host, other)).toEqual({ status: 0, told: [] });
      const { applied: stack } = await readHistory(host.files, places.history);
      expect(stack.map(({ text }) => text)).toEqual([near, other]);
    });

    it('stays when the next one fails', async () => {
      const host = await killedAtItsEnd();
      host.failWhen(({ input }) => (input.includes('route replace') ? { kind: 'failed' } : undefined));
      expect(await apply(host, other)).toMatchObject({ status: 1 });
      host.failWhen();
      expect(stateOf(host)).toBe(stateOf(await applied(near)));
    });
  });

  it('is no reason, after a restart, to take what was there before it for what is to be there again', async () => {
    const host = await applied(near);
    const fresh = newHost();
    await applyKilled(host, other);
    Object.assign(host.state, { rules: fresh.state.rules, routes: [], policies: [], nft: undefined });
    host.state.files = new Map([...host.state.files, [bootPath, '2']]);
    host.failWhen(({ input }) => (input.includes('rule add') ? { kind: 'failed' } : undefined));
    const { told } = await apply(host, near);
    expect(told.join('\n')).toContain('everything is as it was before');
  });
});

describe('a run that waits to be confirmed', () => {
  it('keeps others from beginning', async () => {
    const host = newHost();
    await apply(host, near, { confirm: 60 });
    const before = host.dump();
    const { status, told } = await apply(host, other);
    expect({ status, told }).toEqual({
      status: 4,
      told: [
        expect.stringContaining('waits to be confirmed until'),
        expect.stringContaining('`mustredirect confirm` keeps'),
      ],
    });
    expect(host.dump()).toBe(before);
  });

  it('is undone by the next one when its time is over, and that is written down', async () => {
    const host = await applied(near);
    await apply(host, other, { confirm: 0 });
    expect(await apply(host, near)).toMatchObject({
      status: 0,
      told: [expect.stringContaining('everything is as it was before it')],
    });
    const { entries, applied: stack } = await readHistory(host.files, places.history);
    expect(entries.map(({ verb }) => verb)).toEqual(['apply', 'apply', 'rollback']);
    expect(stack.map(({ text }) => text)).toEqual([near]);
    expect(stateOf(host)).toBe(stateOf(await applied(near)));
  });

  it('is undone together with what others have changed of ours meanwhile', async () => {
    const host = await applied(near);
    const before = stateOf(host);
    await apply(host, other, { confirm: 0 });
    host.state.policies = [];
    host.state.routes = host.state.routes.filter(({ type }) => type !== 'unreachable');
    const { status, told } = await apply(host, near);
    expect({ status, told }).toEqual({
      status: 0,
      told: [expect.stringContaining('everything is as it was before it')],
    });
    expect(stateOf(host)).toBe(before);
  });

  it('is no dead end when it cannot be undone: the next one carries on with it', async () => {
    const host = await applied(near);
    await apply(host, other, { confirm: 0 });
    host.failWhen(({ input }) => (input.includes('via 192.168.50.2') ? { kind: 'failed' } : undefined));
    const { status, told } = await apply(host, file('192.168.50.4'));
    host.failWhen();
    expect({ status, told: told.join('\n') }).toEqual({
      status: 0,
      told: expect.stringMatching(
        /was not confirmed in time; not everything could be undone: .*via 192\.168\.50\.2[^]*this one finishes/,
      ) as unknown,
    });
    expect(stateOf(host)).toBe(stateOf(await applied(near, file('192.168.50.4'))));
    const { entries } = await readHistory(host.files, places.history);
    expect(entries.map(({ verb }) => verb)).toEqual(['apply', 'apply', 'rollback', 'apply']);
  });

  it('is undone after a restart, though its time is not over', async () => {
    const host = newHost();
    host.state.files = new Map([...host.state.files, [bootPath, '1']]);
    await apply(host, other, { confirm: 600 });
    host.state.files = new Map([...host.state.files, [bootPath, '2']]);
    const { told } = await apply(host, near);
    expect(told[0]).toContain('undone');
  });
});

describe('the watch over a run that waits to be confirmed', () => {
  async function watched(host: FakeHost): Promise<number> {
    const run = (await readJournal(host.files, places.journal))?.run ?? '';
    const start = performance.now();
    await watchRun(recordedCaller(), contextOf(host), { run, seconds: 1 });
    return performance.now() - start;
  }

  it('undoes it in time, also when the clock is set back meanwhile', async () => {
    const host = newHost();
    const before = stateOf(host);
    await apply(host, near, { confirm: 1 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    expect(await watched(host)).toBeGreaterThan(500);
    vi.useRealTimers();
    expect(stateOf(host)).toBe(before);
  });

  it('undoes it at once when it has slept over it', async () => {
    const host = newHost();
    const before = stateOf(host);
    await apply(host, near, { confirm: 600 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 700_000 });
    expect(await watched(host)).toBeLessThan(900);
    vi.useRealTimers();
    expect(stateOf(host)).toBe(before);
  });

  it('ends when it is confirmed', async () => {
    const host = newHost();
    await apply(host, near, { confirm: 600 });
    const watching = watched(host);
    await removeJournal(host.files, places.journal);
    await watching;
    expect(host.dump()).toContain('rule 4100');
  });

  it('tries again what could not be undone', async () => {
    const host = newHost();
    const before = stateOf(host);
    await apply(host, near, { confirm: 0 });
    host.failWhen(({ what }) => (what.startsWith('nft') ? { kind: 'failed' } : undefined));
    const watching = watched(host);
    await vi.waitUntil(() => host.events.some(({ what }) => what.startsWith('nft -f')), { timeout: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    host.failWhen();
    await watching;
    expect(stateOf(host)).toBe(before);
  }, 30_000);
});

describe('another run', () => {
  it('is waited for, and named', async () => {
    const outside = { background: createBackground(), files: createFiles() };
    const lock = await takeLock(outside, places.lock, { who: 'destroy, process 12' });
    const host = newHost();
    const caller = recordedCaller();
    const running = apply(host, near, { wait: 20, caller });
    await vi.waitUntil(() => caller.told.length > 0, { timeout: 20_000 });
    expect(host.dump()).not.toContain('rule 4100');
    await lock.release();
    expect(await running).toEqual({
      status: 0,
      told: [expect.stringMatching(/^waiting for another run: destroy, process 12, since \d{4}-/)],
    });
    expect(host.dump()).toContain('rule 4100');
  });

  it('is not waited for without end', async () => {
    const outside = { background: createBackground(), files: createFiles() };
    const lock = await takeLock(outside, places.lock, { who: 'destroy, process 12' });
    const result = await apply(newHost(), near, { wait: 1 });
    await lock.release();
    expect(result.status).toBe(4);
    expect(result.told.join('\n')).toMatch(
      /another run is in progress: destroy, process 12, since .*\nwait until it has ended/,
    );
  });
});
