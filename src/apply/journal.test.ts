import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../tests/fake-host/fake-host.ts';
import type { Action } from '../kinds/action.ts';
import { emptyLedger } from '../state/ledger.ts';
import { continueJournal, readJournal, startJournal } from './journal.ts';

const path = '/var/lib/mustredirect/host.journal';
const bootPath = '/proc/sys/kernel/random/boot_id';
const head = { run: 'one', verb: 'apply', process: 7, since: 'now', ledger: emptyLedger, before: ['a rule'] };

const actions: readonly Action[] = [
  { kind: 'ip', family: 4, lines: ['rule delete preference 4200'] },
  { kind: 'nft', text: 'delete table inet mustredirect' },
  { kind: 'sysctl', values: { 'net.ipv4.ip_forward': '0' } },
  { kind: 'create-network', engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'], mtu: 1476 },
  { kind: 'remove-network', engine: 'podman', name: 'web', subnets: ['10.89.4.0/24'] },
  {
    kind: 'set-masquerade',
    engine: 'podman',
    network: 'web',
    file: '/etc/cni/net.d/web.conflist',
    setting: 'ipMasq',
    enabled: true,
  },
  { kind: 'forget-flows', flows: [{ from: '10.89.4.0/24' }, { from: '10.89.5.0/24', to: '10.0.0.0/8' }] },
  { kind: 'open', close: 'add table', flows: [{ from: '10.89.4.0/24' }], text: 'delete table' },
];

function hostAt(boot: string, text?: string): FakeHost {
  const files = new Map([[bootPath, `${boot}\n`]]);
  if (text !== undefined) files.set(path, text);
  return createFakeHost({ links: [], files });
}

async function hostWithAll(): Promise<FakeHost> {
  const host = hostAt('1');
  const journal = await startJournal(host.files, path, head);
  for (const undo of actions) await journal.begin({ undo });
  return host;
}

function textOf(host: FakeHost): string {
  return host.state.files.get(path) ?? '';
}

describe('journal', () => {
  it('returns every kind of action unchanged', async () => {
    const found = await readJournal((await hostWithAll()).files, path);
    expect(found?.startedSteps.map(({ undo }) => undo)).toEqual(actions);
    expect(found).toMatchObject({ ...head, sameBoot: true });
  });

  it('exists before the first step, and is removed after the run', async () => {
    const host = hostAt('1');
    const journal = await startJournal(host.files, path, head);
    expect(await readJournal(host.files, path)).toMatchObject({ startedSteps: [] });
    await journal.begin({});
    expect(await readJournal(host.files, path)).toMatchObject({ startedSteps: [{}] });
    await journal.close();
    expect(await readJournal(host.files, path)).toBeUndefined();
  });

  it('ignores a step whose line is incomplete, at every byte', async () => {
    const whole = textOf(await hostWithAll());
    const first = whole.indexOf('\n') + 1;
    for (let length = first; length <= whole.length; length += 1) {
      const text = whole.slice(0, length);
      const found = await readJournal(hostAt('1', text).files, path);
      expect(found?.startedSteps).toHaveLength(text.split('\n').length - 2);
    }
  });

  it('continues after an incomplete line', async () => {
    const host = hostAt('1', textOf(await hostWithAll()).slice(0, -3));
    const interruptedRun = await readJournal(host.files, path);
    if (!interruptedRun) throw new Error('no journal');
    const journal = await continueJournal(host.files, path, interruptedRun, {
      ...head,
      run: 'two',
      before: [],
    });
    await journal.begin({ undo: actions[1] as Action });
    const found = await readJournal(host.files, path);
    expect(found?.startedSteps.map(({ undo }) => undo)).toEqual([...actions.slice(0, -1), actions[1]]);
    expect(found).toMatchObject({ run: 'two', before: head.before });
  });

  it('continues after a restart with the objects that are left', async () => {
    const host = hostAt('2', textOf(await hostWithAll()));
    const interruptedRun = await readJournal(host.files, path);
    if (!interruptedRun) throw new Error('no journal');
    await continueJournal(host.files, path, interruptedRun, { ...head, before: ['left'] });
    expect(await readJournal(host.files, path)).toMatchObject({ before: ['left'], sameBoot: true });
  });

  it('has only steps that outlive a restart, after a restart', async () => {
    const host = hostAt('2', textOf(await hostWithAll()));
    const found = await readJournal(host.files, path);
    expect(found?.sameBoot).toBe(false);
    expect(found?.startedSteps.map(({ undo }) => undo?.kind)).toEqual([
      'create-network',
      'remove-network',
      'set-masquerade',
    ]);
  });

  it('has the time until which the run can be confirmed', async () => {
    const host = hostAt('1');
    const journal = await startJournal(host.files, path, { ...head, confirm: 60 });
    await journal.begin({});
    await journal.waitUntil(new Date('2026-01-31T12:00:00Z'));
    expect(await readJournal(host.files, path)).toMatchObject({
      confirm: 60,
      until: '2026-01-31T12:00:00.000Z',
      startedSteps: [{}],
    });
  });

  it.each([
    '',
    'x\n',
    '{"version":2}\n',
    `${JSON.stringify({ version: 1, boot: '1', ...head })}\n{"undo":{"kind":"x"}}\n`,
  ])('refuses an unreadable file: %j', async (text) => {
    await expect(readJournal(hostAt('1', text).files, path)).rejects.toMatchObject({ code: 'refused' });
  });
});
