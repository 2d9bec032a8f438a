import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../../tests/fake-host/fake-host.ts';
import { applyTo, ledgerPath, specOf } from '../../../tests/scenario/play.ts';
import { createEngines } from '../../engines/index.ts';
import { readLedger, salvageLedger } from '../../host/files/ledger-store.ts';
import { emptyLedger } from '../../state/ledger.ts';
import { hostRole } from '../../topology/topology.ts';
import { destroyOn } from './destroy.ts';
import { recordedTerminal } from '../terminal/recorded-terminal.ts';

const spec = specOf(`
version: 1
hosts: { here: 192.168.50.10, gw1: 192.168.50.2 }
networks:
  web: { engine: external, subnets: { here: 10.89.4.0/24 }, via: office }
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth9 } }], snat: none }
`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mustredirect-damaged-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function appliedHost(): Promise<FakeHost> {
  const link = { name: 'eth0', up: true, addresses: ['192.168.50.10/24'], pointToPoint: false };
  const host = createFakeHost({ links: [link] });
  const engines = createEngines({});
  await applyTo({ host, engines, role: hostRole(spec, 'here'), gateways: spec.gateways });
  return host;
}

async function destroy(host: FakeHost, yes: true | undefined = true) {
  const terminal = recordedTerminal();
  const places = {
    ledger: ledgerPath,
    journal: '/var/lib/mustredirect/host.journal',
    history: '/var/lib/mustredirect/host.history',
    lock: join(folder, 'lock'),
    firstNamespace: false,
  };
  const pause = (): Promise<void> => Promise.resolve();
  const context = { host, engines: createEngines({}), places, pause, progress: undefined };
  await destroyOn(terminal, context, { wait: 0, yes });
  return { told: terminal.told.join('\n'), status: terminal.exitStatus ?? 0, places };
}

function expectNothingOfOurs(host: FakeHost): void {
  expect(host.state.nft).toBeUndefined();
  expect(host.state.policies).toEqual([]);
  expect([...host.state.rules, ...host.state.routes].filter(({ protocol }) => protocol === 136)).toEqual([]);
}

describe('destroy with damaged state files', () => {
  it.each(['', '{"version":1,"boot"', '[]', '{"version":99}'])(
    'takes away what is recognisable without the ledger, and says what is left: %s',
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

  it('gives back what the ledger still tells', async () => {
    const host = await appliedHost();
    const kept = JSON.parse((await host.files.read(ledgerPath)) ?? '') as object;
    await host.files.replace(ledgerPath, JSON.stringify({ ...kept, gateways: 'gone' }));
    expect(await destroy(host)).toMatchObject({ status: 0 });
    expectNothingOfOurs(host);
    expect(await host.files.read('/proc/sys/net/ipv4/ip_forward')).toBe('0\n');
  });

  it('needs neither the journal nor the history', async () => {
    for (const name of ['journal', 'history']) {
      const host = await appliedHost();
      const path = `/var/lib/mustredirect/host.${name}`;
      await host.files.replace(path, 'damaged\n');
      const { told, status } = await destroy(host);
      expect({ name, status }).toEqual({ name, status: 0 });
      expect(told).toContain(`it is moved to ${path}.damaged`);
      expectNothingOfOurs(host);
      expect(await host.files.read(path)).toBeUndefined();
    }
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
  ])('with a name that leads elsewhere is damaged: %j', async (part) => {
    const host = createFakeHost({ links: [] });
    const text = JSON.stringify({ version: 1, boot: '', gateways: {}, sysctls: {}, networks: [], ...part });
    await host.files.replace(ledgerPath, text);
    await expect(readLedger(host.files, ledgerPath)).rejects.toMatchObject({ code: 'refused' });
    expect(salvageLedger(text)).toEqual(emptyLedger);
  });
});
