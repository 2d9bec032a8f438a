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
  it('gives back every kind of action', async () => {
    const found = await readJournal((await hostWithAll()).files, path);
    expect(found?.begun.map(({ undo }) => undo)).toEqual(actions);
    expect(found).toMatchObject({ ...head, sameBoot: true });
  });

  it('is there before the step, and gone with the run', async () => {
    const host = hostAt('1');
    const journal = await startJournal(host.files, path, head);
    expect(await readJournal(host.files, path)).toMatchObject({ begun: [] });
    await journal.begin({});
    expect(await readJournal(host.files, path)).toMatchObject({ begun: [{}] });
    await journal.close();
    expect(await readJournal(host.files, path)).toBeUndefined();
  });

  it('takes a step whose line was cut off for one that has not begun, at every byte', async () => {
    const whole = textOf(await hostWithAll());
    const first = whole.indexOf('\n') + 1;
    for (let length = first; length <= whole.length; length += 1) {
      const text = whole.slice(0, length);
      const found = await readJournal(hostAt('1', text).files, path);
      expect(found?.begun).toHaveLength(text.split('\n').length - 2);
    }
  });

  it('goes on after a line that was cut off', async () => {
    const host = hostAt('1', textOf(await hostWithAll()).slice(0, -3));
    const cutOff = await readJournal(host.files, path);
    if (!cutOff) throw new Error('no journal');
    const journal = await continueJournal(host.files, path, cutOff, { ...head, run: 'two', before: [] });
    await journal.begin({ undo: actions[1] as Action });
    const found = await readJournal(host.files, path);
    expect(found?.begun.map(({ undo }) => undo)).toEqual([...actions.slice(0, -1), actions[1]]);
    expect(found).toMatchObject({ run: 'two', before: head.before });
  });

  it('goes on after a restart from what the restart has left', async () => {
    const host = hostAt('2', textOf(await hostWithAll()));
    const cutOff = await readJournal(host.files, path);
    if (!cutOff) throw new Error('no journal');
    await continueJournal(host.files, path, cutOff, { ...head, before: ['left'] });
    expect(await readJournal(host.files, path)).toMatchObject({ before: ['left'], sameBoot: true });
  });

  it('knows after a restart only what has outlived it', async () => {
    const host = hostAt('2', textOf(await hostWithAll()));
    const found = await readJournal(host.files, path);
    expect(found?.sameBoot).toBe(false);
    expect(found?.begun.map(({ undo }) => undo?.kind)).toEqual([
      'create-network',
      'remove-network',
      'set-masquerade',
    ]);
  });

  it('knows until when it can be confirmed', async () => {
    const host = hostAt('1');
    const journal = await startJournal(host.files, path, { ...head, confirm: 60 });
    await journal.begin({});
    await journal.waitUntil(new Date('2026-01-31T12:00:00Z'));
    expect(await readJournal(host.files, path)).toMatchObject({
      confirm: 60,
      until: '2026-01-31T12:00:00.000Z',
      begun: [{}],
    });
  });

  it.each([
    '',
    'x\n',
    '{"version":2}\n',
    `${JSON.stringify({ version: 1, boot: '1', ...head })}\n{"undo":{"kind":"x"}}\n`,
  ])('refuses what it cannot read: %j', async (text) => {
    await expect(readJournal(hostAt('1', text).files, path)).rejects.toMatchObject({ code: 'refused' });
  });
});
