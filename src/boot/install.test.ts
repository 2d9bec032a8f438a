import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { installUnits, installedUnits, uninstallUnits } from './install.ts';
import { type Unit, bootUnits } from './units.ts';

const self = ['/usr/bin/node', '/opt/mustredirect/bin/start.js'];
const file = '/etc/mustredirect/mustredirect.yaml';
const units = bootUnits({ self, file, host: 'node1', settings: [] });
/** as another version wrote them, with another link */
const older = units.map(({ name, text }): Unit => {
  return { name, text: text.replace('Restart=', '# Restart=').replace('sysinit.target', 'basic.target') };
});
const folder = '/etc/systemd/system';

function newHost(files: Readonly<Record<string, string>> = {}): FakeHost {
  return createFakeHost({ links: [], files: new Map(Object.entries(files)) });
}

function unitFiles({ state }: FakeHost): readonly string[] {
  return [...state.files.keys()].map((path) => path.replace(`${folder}/`, '')).sort();
}

function changes({ events }: FakeHost): number {
  return events.filter((event) => event.changes).length;
}

describe('installUnits', () => {
  it('writes both, and links them', async () => {
    const host = newHost();
    expect(await installUnits(host, units)).toBe(true);
    expect(unitFiles(host)).toEqual([
      'multi-user.target.wants/mustredirect.service',
      'mustredirect-guard.service',
      'mustredirect.service',
      'nftables.service.wants/mustredirect-guard.service',
      'sysinit.target.wants/mustredirect-guard.service',
    ]);
    expect(await installedUnits(host.files)).toEqual(units);
  });

  it('touches nothing when they are there', async () => {
    const host = newHost();
    await installUnits(host, units);
    const before = changes(host);
    expect(await installUnits(host, units)).toBe(false);
    expect(changes(host)).toBe(before);
  });

  it('links again what somebody has disabled', async () => {
    const host = newHost();
    await installUnits(host, units);
    const installed = unitFiles(host);
    await host.exec.run(['systemctl', 'disable', 'mustredirect-guard.service']);
    expect(unitFiles(host)).not.toEqual(installed);
    expect(await installUnits(host, units)).toBe(true);
    expect(unitFiles(host)).toEqual(installed);
  });

  it('replaces what an older version wrote, and its links', async () => {
    const [host, fresh] = [newHost(), newHost()];
    await installUnits(host, older);
    expect(unitFiles(host)).toContain('basic.target.wants/mustredirect-guard.service');
    expect(await installUnits(host, units)).toBe(true);
    await installUnits(fresh, units);
    expect(host.dump()).toBe(fresh.dump());
  });

  it.each(units.map(({ name }) => name))('leaves a %s of somebody else alone', async (name) => {
    const host = newHost({ [`${folder}/${name}`]: '[Service]\nExecStart=/bin/true\n' });
    const before = host.dump();
    await expect(installUnits(host, units)).rejects.toMatchObject({
      code: 'refused',
      message: `${folder}/${name}: is there, and was not written by install`,
    });
    expect(host.dump()).toBe(before);
  });

  describe.each([
    ['nothing', []],
    ['an older version', older],
  ])('from %s', (_, before) => {
    it.each([1, 2, 3])('leaves all as it was when change %i fails', async (nth) => {
      const host = newHost();
      if (before.length > 0) await installUnits(host, before);
      const [dump, done] = [host.dump(), changes(host)];
      let failed = false;
      host.failWhen((event) => {
        if (failed || !event.changes || changes(host) < done + nth) return undefined;
        failed = true;
        return { kind: 'failed' };
      });
      await expect(installUnits(host, units)).rejects.toThrow(/injected by the test/);
      expect(host.dump()).toBe(dump);
    });
  });

  it('leaves nothing of units that systemd does not load', async () => {
    const host = newHost();
    const before = host.dump();
    const quoted = bootUnits({ self: ['/opt/"node"'], file, host: 'node1', settings: [] });
    await expect(installUnits(host, quoted)).rejects.toMatchObject({
      code: 'failed',
      message: 'mustredirect-guard.service: systemd does not load it: bad-setting',
    });
    expect(host.dump()).toBe(before);
  });

  it('says what could not be undone', async () => {
    const host = newHost();
    host.failWhen(({ what }) => (what.startsWith('systemctl') ? { kind: 'failed' } : undefined));
    await expect(installUnits(host, units)).rejects.toThrow(
      /^systemctl reenable .*injected by the test; and it could not be undone: systemctl disable /,
    );
    expect(unitFiles(host)).toEqual([]);
  });
});

describe('uninstallUnits', () => {
  it('leaves nothing', async () => {
    const host = newHost({ '/etc/systemd/system/other.service': '[Unit]\n' });
    const before = host.dump();
    await installUnits(host, units);
    expect(await uninstallUnits(host)).toEqual(units);
    expect(host.dump()).toBe(before);
  });

  it('touches nothing when there is nothing of ours', async () => {
    const host = newHost({ [`${folder}/mustredirect.service`]: '[Unit]\n' });
    expect(await uninstallUnits(host)).toEqual([]);
    expect(changes(host)).toBe(0);
  });

  it('removes the files even when they cannot be disabled', async () => {
    const host = newHost();
    await installUnits(host, units);
    host.failWhen(({ what }) => (what.startsWith('systemctl disable') ? { kind: 'failed' } : undefined));
    await expect(uninstallUnits(host)).rejects.toThrow('systemctl disable');
    expect(await installedUnits(host.files)).toEqual([]);
  });
});
