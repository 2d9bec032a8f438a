import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recordedHost } from '../recorded-host.ts';
import { createPodman } from './index.ts';

function fixture(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

const network = (name: string) => ({ name, subnets: ['10.89.4.0/24'] });
const cniFile = {
  '/etc/cni/net.d/mustredirect.conflist': fixture('cni/fixtures/mustredirect-4.3.1.conflist'),
};
const netavarkFile = {
  '/etc/containers/networks/mustredirect.json': fixture('netavark/fixtures/mustredirect-4.3.1.json'),
};

function host(podmanInfo: string, files: Readonly<Record<string, string>> = {}, ps = '[]') {
  const outputs = { 'podman info --format json': podmanInfo, 'podman ps --all --format json': ps };
  return recordedHost({ files, outputs });
}

function info(version: string, more: object = {}): string {
  return JSON.stringify({ host: more, version: { Version: version } });
}

describe('podman', () => {
  const podman = createPodman({});

  it('reads a cni network and its stopped and created containers, and the infra container of a pod', async () => {
    const cni = host(fixture('fixtures/info-4.3.1-cni.json'), cniFile, fixture('fixtures/ps-4.3.1.json'));
    expect(await podman.readNetworks(cni, [network('mustredirect')])).toEqual([
      {
        engine: 'podman',
        name: 'mustredirect',
        backend: 'podman 4.3.1 with cni',
        exists: true,
        subnets: ['10.89.4.0/24'],
        bridge: 'cni-podman1',
        masquerade: { file: '/etc/cni/net.d/mustredirect.conflist', setting: 'ipMasq', enabled: true },
        commands: { remove: 'podman network rm mustredirect', reload: 'podman network reload' },
        attached: [
          { name: 'one', running: true, pid: 135 },
          { name: 'two', running: true, pid: 253, networks: ['dual', 'mustredirect'] },
          { name: 'three', running: false },
          { name: 'four', running: false },
          { name: 'c062c1a47b1b-infra', running: true, pid: 489 },
        ],
      },
    ]);
  });

  it('reads which containers publish ports', async () => {
    const published =
      '"Ports": [{ "host_ip": "", "container_port": 80, "host_port": 8080, "range": 1, "protocol": "tcp" }]';
    const containers = fixture('fixtures/ps-4.3.1.json').replace('"Ports": null', published);
    const cni = host(fixture('fixtures/info-4.3.1-cni.json'), cniFile, containers);
    const [found] = await podman.readNetworks(cni, [network('mustredirect')]);
    expect(found?.attached.filter(({ publishes }) => publishes).map(({ name }) => name)).toEqual(['one']);
  });

  it.each(['4.3.1-netavark', '5.4.2'])(
    'tells netavark, which has no masquerade switch: %s',
    async (version) => {
      const netavark = host(fixture(`fixtures/info-${version}.json`), netavarkFile);
      const [found] = await podman.readNetworks(netavark, [network('mustredirect')]);
      expect(found?.backend).toBe(`podman ${version.replace('-netavark', '')} with netavark`);
      expect(found).toMatchObject({ exists: true, bridge: 'podman1' });
      expect(found).not.toHaveProperty('masquerade');
    },
  );

  it('reads containers of podman 5.4.2', async () => {
    const ps = fixture('fixtures/ps-5.4.2.json');
    const netavark = host(fixture('fixtures/info-5.4.2.json'), netavarkFile, ps);
    expect(await podman.readNetworks(netavark, [network('mustredirect')])).toMatchObject([
      {
        attached: [
          { name: 'one', running: true, pid: 90 },
          { name: 'three', running: false },
        ],
      },
    ]);
  });

  it('assumes cni when podman names no backend', async () => {
    expect(await podman.readNetworks(host(info('3.4.4'), cniFile), [network('mustredirect')])).toMatchObject([
      { backend: 'podman 3.4.4 with cni', exists: true },
    ]);
  });

  it('reads the default network, which has no file', async () => {
    const conf = { '/etc/containers/containers.conf': '[network]\ndefault_subnet = "10.99.0.0/16"\n' };
    const [found] = await podman.readNetworks(host(info('4.3.1', { networkBackend: 'netavark' }), conf), [
      network('podman'),
    ]);
    expect(found).toMatchObject({ exists: true, subnets: ['10.99.0.0/16'], bridge: 'podman0' });
    const [cni] = await podman.readNetworks(host(info('3.4.4')), [network('podman')]);
    expect(cni).toMatchObject({ exists: true, subnets: ['10.88.0.0/16'], bridge: 'cni-podman0' });
    expect(cni).not.toHaveProperty('masquerade');
  });

  it('runs nothing when no networks are requested', async () => {
    expect(await podman.readNetworks(recordedHost({}), [])).toEqual([]);
  });

  it.each([
    [info('2.2.1'), 'missing-tool', 'podman 2.2.1: too old'],
    [info('4.3.1', { security: { rootless: true } }), 'not-permitted', 'podman: runs rootless here'],
    [info('9.0.0', { networkBackend: 'other' }), 'refused', 'podman 9.0.0: unknown network backend other'],
    ['nonsense', 'failed', /^podman info --format json: not JSON/],
    ['{}', 'failed', /^podman info --format json: unexpected content: host: /],
  ])('refuses %s', async (text, code, message) => {
    const reading = podman.readNetworks(host(text), [network('a')]);
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });

  it('names the missing program', async () => {
    await expect(podman.readNetworks(recordedHost({}), [network('a')])).rejects.toMatchObject({
      code: 'missing-tool',
    });
  });

  it('creates a network with all its subnets, and removes it', () => {
    expect(podman.createCommand({ name: 'a', subnets: ['10.89.4.0/24', 'fd00:4::/64'] })?.join(' ')).toBe(
      'podman network create --label mustredirect=created --subnet 10.89.4.0/24 --subnet fd00:4::/64 a',
    );
    expect(podman.createCommand({ name: 'a', subnets: ['10.89.4.0/24'], mtu: 1476 })?.join(' ')).toBe(
      'podman network create --label mustredirect=created --subnet 10.89.4.0/24 --opt mtu=1476 a',
    );
    expect(podman.removeCommand('a')?.join(' ')).toBe('podman network rm a');
  });

  it('shows a network and its attached containers', () => {
    expect(podman.inspectCommand('a')?.join(' ')).toBe('podman network inspect a');
    expect(podman.attachedCommand('a')?.join(' ')).toBe('podman ps --all --quiet --filter network=a');
  });
});
