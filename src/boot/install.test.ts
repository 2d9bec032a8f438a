import { describe, expect, it } from 'vitest';
import { type FakeHost, createFakeHost } from '../../tests/fake-host/fake-host.ts';
import { installUnits, installedUnits, uninstallUnits } from './install.ts';
import { type Unit, bootUnits } from './units.ts';

const self = ['/usr/bin/node', '/opt/mustredirect/bin/start.js'];
const file = '/etc/mustredirect/mustredirect.yaml';
const units = bootUnits({ self, file, host: 'node1', settings: [] }, true);
/** units of another version, with another link */
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
  it('writes the units, links them, and starts the agent', async () => {
    const host = newHost();
    expect(await installUnits(host, units)).toBe(true);
    expect(unitFiles(host)).toEqual([
      '/run/systemd/units/invocation:mustredirect-agent.service',
      'docker.service.wants/mustredirect.service',
      'multi-user.target.wants/mustredirect-agent.service',
      'multi-user.target.wants/mustredirect.service',
      'mustredirect-agent.service',
      'mustredirect-guard.service',
      'mustredirect.service',
      'nftables.service.wants/mustredirect-guard.service',
      'sysinit.target.wants/mustredirect-guard.service',
      'systemd-networkd.service.wants/mustredirect.service',
    ]);
    expect(await installedUnits(host.files)).toEqual(units);
  });

  it('removes the agent where it is no longer wanted, and brings it back', async () => {
    const host = newHost();
    await installUnits(host, units);
    const [installed, withoutAgent] = [host.dump(), newHost()];
    await installUnits(withoutAgent, units.slice(0, 2));
    expect(await installUnits(host, units.slice(0, 2))).toBe(true);
    expect(host.dump()).toBe(withoutAgent.dump());
    expect(await installUnits(host, units)).toBe(true);
    expect(host.dump()).toBe(installed);
  });

  it('starts an agent that was stopped', async () => {
    const host = newHost();
    await installUnits(host, units);
    const installed = host.dump();
    await host.exec.run(['systemctl', 'stop', 'mustredirect-agent.service']);
    expect(await installUnits(host, units)).toBe(true);
    expect(host.dump()).toBe(installed);
  });

  it('changes nothing when all units are installed', async () => {
    const host = newHost();
    await installUnits(host, units);
    const before = changes(host);
    expect(await installUnits(host, units)).toBe(false);
    expect(changes(host)).toBe(before);
  });

  it('restores a link that was disabled', async () => {
    const host = newHost();
    await installUnits(host, units);
    const installed = unitFiles(host);
    await host.exec.run(['systemctl', 'disable', 'mustredirect-guard.service']);
    expect(unitFiles(host)).not.toEqual(installed);
    expect(await installUnits(host, units)).toBe(true);
    expect(unitFiles(host)).toEqual(installed);
  });

  it('replaces units of an older version, and their links', async () => {
    const [host, fresh] = [newHost(), newHost()];
    await installUnits(host, older);
    expect(unitFiles(host)).toContain('basic.target.wants/mustredirect-guard.service');
    expect(await installUnits(host, units)).toBe(true);
    await installUnits(fresh, units);
    expect(host.dump()).toBe(fresh.dump());
  });

  it.each(units.map(({ name }) => name))('refuses to replace a foreign %s', async (name) => {
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
  ])('starting with %s', (_, before) => {
    it.each([1, 2, 3, 4, 5])('restores everything when change %i fails', async (nth) => {
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

  it('removes units that systemd does not load', async () => {
    const host = newHost();
    const before = host.dump();
    const quoted = bootUnits({ self: ['/opt/"node"'], file, host: 'node1', settings: [] });
    await expect(installUnits(host, quoted)).rejects.toMatchObject({
      code: 'failed',
      message: 'mustredirect-guard.service: systemd does not load it: bad-setting',
    });
    expect(host.dump()).toBe(before);
  });

  it('reports changes that could not be undone', async () => {
    const host = newHost();
    host.failWhen(({ what }) => (what.startsWith('systemctl') ? { kind: 'failed' } : undefined));
    await expect(installUnits(host, units)).rejects.toThrow(
      /^systemctl reenable .*injected by the test; and it could not be undone: systemctl stop /,
    );
    expect(unitFiles(host)).toEqual([]);
  });
});

describe('uninstallUnits', () => {
  it('removes everything', async () => {
    const host = newHost({ '/etc/systemd/system/other.service': '[Unit]\n' });
    const before = host.dump();
    await installUnits(host, units);
    expect(await uninstallUnits(host)).toEqual(units);
    expect(host.dump()).toBe(before);
  });

  it('changes nothing when no unit is ours', async () => {
    const host = newHost({ [`${folder}/mustredirect.service`]: '[Unit]\n' });
    expect(await uninstallUnits(host)).toEqual([]);
    expect(changes(host)).toBe(0);
  });

  it('removes the files even when disabling fails', async () => {
    const host = newHost();
    await installUnits(host, units);
    host.failWhen(({ what }) => (what.startsWith('systemctl disable') ? { kind: 'failed' } : undefined));
    await expect(uninstallUnits(host)).rejects.toThrow('systemctl disable');
    expect(await installedUnits(host.files)).toEqual([]);
  });
});
