import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { givenRuns } from '../../../tests/given/runs.ts';
import { readLedger, salvageLedger } from '../../host/files/ledger-store.ts';
import { emptyLedger } from '../../state/ledger.ts';
import { destroyOn } from './destroy.ts';
import { recordedTerminal } from '../terminal/recorded-terminal.ts';

const spec = `
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2 }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`;

const runs = givenRuns();
const { ledger: ledgerPath } = runs.places;

async function appliedHost(): Promise<FakeHost> {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  const host = createFakeHost({ links: [link] });
  await runs.apply(host, spec);
  return host;
}

async function destroy(host: FakeHost) {
  const terminal = recordedTerminal();
  await destroyOn(terminal, runs.contextOf(host), { wait: 0, yes: true });
  const [told, printed] = [terminal.told.join('\n'), terminal.printed.join('\n')];
  return { told, printed, status: terminal.exitStatus ?? 0 };
}

function expectNothingOfOurs(host: FakeHost): void {
  expect(host.state.nft).toBeUndefined();
  expect(host.state.policies).toEqual([]);
  expect([...host.state.rules, ...host.state.routes].filter(({ protocol }) => protocol === 136)).toEqual([]);
}

describe('destroy with damaged state files', () => {
  it.each(['', '{"version":1,"boot"', '[]', '{"version":99}'])(
    'removes recognisable objects without the ledger, and reports what is left: %s',
    async (text) => {
      const host = await appliedHost();
      await host.files.replace(ledgerPath, text);
      const { told, status } = await destroy(host);
      expectNothingOfOurs(host);
      expect(told).toContain(
        `${ledgerPath}: not a state file of this version; it is moved to ${ledgerPath}.damaged`,
      );
      expect(told).toContain('not given back:');
      expect(told).toContain('net.ipv4.ip_forward = 1: its value before apply is not known');
      expect(status).toBe(1);
      expect(await host.files.read(`${ledgerPath}.damaged`)).toBe(text);
      expect(await host.files.read(ledgerPath)).toBeUndefined();
    },
  );

  it('restores values that a damaged ledger still has', async () => {
    const host = await appliedHost();
    const kept = JSON.parse((await host.files.read(ledgerPath)) ?? '') as object;
    await host.files.replace(ledgerPath, JSON.stringify({ ...kept, gateways: 'gone' }));
    expect(await destroy(host)).toMatchObject({ status: 0 });
    expectNothingOfOurs(host);
    expect(await host.files.read('/proc/sys/net/ipv4/ip_forward')).toBe('0\n');
  });

  it('works without the journal and the history', async () => {
    for (const name of ['journal', 'history'] as const) {
      const host = await appliedHost();
      const path = runs.places[name];
      await host.files.replace(path, 'damaged\n');
      const { told, status } = await destroy(host);
      expect({ name, status }).toEqual({ name, status: 0 });
      expect(told).toContain(`it is moved to ${path}.damaged`);
      expectNothingOfOurs(host);
      expect(await host.files.read(path)).toBeUndefined();
    }
  });
});

describe('destroy with records', () => {
  it('says that nothing is left, or which records are', async () => {
    const host = await appliedHost();
    expect((await destroy(host)).printed).toContain('done: nothing of mustredirect is left on this host');
    const other = await appliedHost();
    await other.files.replace('/var/lib/mustredirect/host.log/current.jsonl', '{}\n');
    expect((await destroy(other)).printed).toContain(
      'done: mustredirect does nothing on this host any more; kept as a record, until you remove it: the log of the agent in /var/lib/mustredirect/host.log',
    );
  });
});

describe('a ledger', () => {
  it.each([
    { sysctls: { 'net/ipv4/../../../etc/passwd': '1' } },
    { sysctls: { 'kernel.core_pattern': '|/tmp/x' } },
    { bridges: { web: '../../x' } },
    { networks: [{ engine: 'podman', name: '../../etc/x', subnets: [], created: true }] },
    { networks: [{ engine: 'docker', name: '--help', subnets: [], created: true }] },
    {
      networks: [
        {
          engine: 'podman',
          name: 'web',
          subnets: [],
          created: false,
          edited: { file: '/etc/cni/../shadow.conf', original: '', ours: '' },
        },
      ],
    },
  ])('with a name that leads elsewhere counts as damaged: %j', async (part) => {
    const host = createFakeHost({ links: [] });
    const text = JSON.stringify({ version: 1, boot: '', gateways: {}, sysctls: {}, networks: [], ...part });
    await host.files.replace(ledgerPath, text);
    await expect(readLedger(host.files, ledgerPath)).rejects.toMatchObject({ code: 'refused' });
    expect(salvageLedger(text)).toEqual(emptyLedger);
  });
});
