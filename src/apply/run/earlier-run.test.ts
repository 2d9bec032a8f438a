import { describe, expect, it, vi } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenRuns, recordedCaller } from '../../../tests/given/runs.ts';
import { readHistory } from '../history.ts';
import { readJournal, removeJournal } from '../journal.ts';
import { createBackground } from '../../host/process/background.ts';
import { createFiles } from '../../host/files/files.ts';
import { takeLock } from '../../host/files/lock.ts';
import { confirmRun, watchRun } from './confirm.ts';
import { undoOpenRun } from './earlier-run.ts';

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

const { places, lockPath, contextOf, apply } = givenRuns();

function newHost(): FakeHost {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  return createFakeHost({ links: [link] });
}

/** Kills the run when its second step is in the journal. */
async function applyKilled(host: FakeHost, text: string): Promise<void> {
  let startedSteps = 0;
  host.failWhen(({ what }) => {
    if (what === `append ${places.journal}`) startedSteps += 1;
    return startedSteps > 1 ? { kind: 'killed' } : undefined;
  });
  await apply(host, text);
  host.failWhen();
}

/** State without the history, which contains times. */
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

describe('an interrupted run', () => {
  it('is completed by the next run, which reports it', async () => {
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

  it('is reported without a number of steps after a restart, which undoes most of them', async () => {
    const host = await applied(near);
    await applyKilled(host, other);
    host.state.files = new Map([...host.state.files, [bootPath, '2']]);
    const { told } = await apply(host, other);
    expect(told).toEqual([
      expect.stringMatching(/apply \(process 4711, since .*\) was cut off by a restart; this one/),
    ]);
  });

  it('is undone together with the next run when that fails', async () => {
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

  it('is undone when the next run is refused', async () => {
    const host = await applied(near);
    await applyKilled(host, other);
    // Refused: a foreign rule has a preference among ours.
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

  describe('after its history entry', () => {
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

    it('has one history entry', async () => {
      const host = await killedAtItsEnd();
      expect(await apply(host, near)).toEqual({ status: 0, told: [] });
      expect((await readHistory(host.files, places.history)).entries).toHaveLength(1);
      expect(await host.files.read(places.journal)).toBeUndefined();
    });

    it('is separate from the next run, which gets its own entry', async () => {
      const host = await killedAtItsEnd();
      expect(await apply(host, other)).toEqual({ status: 0, told: [] });
      const { applied: stack } = await readHistory(host.files, places.history);
      expect(stack.map(({ text }) => text)).toEqual([near, other]);
    });

    it('stays applied when the next run fails', async () => {
      const host = await killedAtItsEnd();
      host.failWhen(({ input }) => (input.includes('route replace') ? { kind: 'failed' } : undefined));
      expect(await apply(host, other)).toMatchObject({ status: 1 });
      host.failWhen();
      expect(stateOf(host)).toBe(stateOf(await applied(near)));
    });
  });

  it('does not bring back objects from before a restart', async () => {
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

describe('a run that waits for confirmation', () => {
  it('refuses other runs', async () => {
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

  it('is undone by the next run after its time, with a history entry', async () => {
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

  it('is undone together with foreign changes to our objects', async () => {
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

  it('is continued by the next run when it cannot be undone', async () => {
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

  it('cannot be confirmed after its undo began, even if the undo fails', async () => {
    const host = await applied(near);
    await apply(host, other, { confirm: 600 });
    const before = await readJournal(host.files, places.journal);
    host.failWhen(({ input }) => (input.includes('via 192.168.50.2') ? { kind: 'failed' } : undefined));
    const caller = recordedCaller();
    await expect(undoOpenRun(caller, contextOf(host), before?.run ?? '', 0)).rejects.toThrow(
      'not everything could be undone',
    );
    await expect(confirmRun(caller, contextOf(host), 0)).rejects.toThrow('nothing waits to be confirmed');
    host.failWhen();
    await undoOpenRun(caller, contextOf(host), before?.run ?? '', 0);
    expect(caller.told.at(-1)).toMatch(/is undone only in part; everything is as it was before it/);
    expect(stateOf(host)).toBe(stateOf(await applied(near)));
  });

  it('is undone after a restart before its time is over', async () => {
    const host = newHost();
    host.state.files = new Map([...host.state.files, [bootPath, '1']]);
    await apply(host, other, { confirm: 600 });
    host.state.files = new Map([...host.state.files, [bootPath, '2']]);
    const { told } = await apply(host, near);
    expect(told[0]).toContain('undone');
  });
});

describe('the watch of a run that waits for confirmation', () => {
  async function watched(host: FakeHost): Promise<number> {
    const run = (await readJournal(host.files, places.journal))?.run ?? '';
    const start = performance.now();
    await watchRun(recordedCaller(), contextOf(host), { run, seconds: 1 });
    return performance.now() - start;
  }

  it('undoes the run in time, even if the clock is set back', async () => {
    const host = newHost();
    const before = stateOf(host);
    await apply(host, near, { confirm: 1 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    expect(await watched(host)).toBeGreaterThan(500);
    vi.useRealTimers();
    expect(stateOf(host)).toBe(before);
  });

  it('undoes the run at once after a suspend', async () => {
    const host = newHost();
    const before = stateOf(host);
    await apply(host, near, { confirm: 600 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 700_000 });
    expect(await watched(host)).toBeLessThan(900);
    vi.useRealTimers();
    expect(stateOf(host)).toBe(before);
  });

  it('ends when the run is confirmed', async () => {
    const host = newHost();
    await apply(host, near, { confirm: 600 });
    const watching = watched(host);
    await removeJournal(host.files, places.journal);
    await watching;
    expect(host.dump()).toContain('rule 4100');
  });

  it('retries a failed undo', async () => {
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
  it('is waited for, and its name is printed', async () => {
    const outside = { background: createBackground(), files: createFiles() };
    const lock = await takeLock(outside, lockPath(), { who: 'destroy, process 12' });
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

  it('is waited for with a time limit', async () => {
    const outside = { background: createBackground(), files: createFiles() };
    const lock = await takeLock(outside, lockPath(), { who: 'destroy, process 12' });
    const result = await apply(newHost(), near, { wait: 1 });
    await lock.release();
    expect(result.status).toBe(4);
    expect(result.told.join('\n')).toMatch(
      /another run is in progress: destroy, process 12, since .*\nwait until it has ended/,
    );
  });
});
