import { describe, expect, it } from 'vitest';
import { recordedFiles } from '../recorded-host.ts';
import { readContainersConf } from './containers-conf.ts';

const conf = (folder: string) => `[containers]\nenv = ["A=b"]\n[network]\nnetwork_config_dir = "${folder}"\n`;

const files = {
  '/usr/share/containers/containers.conf': conf('/shipped'),
  '/etc/containers/containers.conf': conf('/administrators'),
  '/etc/containers/containers.conf.d/10-first.conf': conf('/first'),
  '/etc/containers/containers.conf.d/20-second.conf': conf('/second'),
  '/etc/containers/containers.conf.d/30-other.conf': '[network]\ndefault_network = "lan"\n',
  '/etc/containers/containers.conf.d/90-kept.conf.rpmsave': conf('/kept'),
  '/srv/own.conf': conf('/own'),
  '/srv/last.conf': conf('/last'),
};

function read(paths: readonly (keyof typeof files)[], env: Record<string, string> = {}) {
  return readContainersConf(recordedFiles(Object.fromEntries(paths.map((path) => [path, files[path]]))), env);
}

const all = Object.keys(files) as (keyof typeof files)[];

describe('containers.conf', () => {
  it('has defaults when there is no file', async () => {
    expect(await read([])).toEqual({ defaultNetwork: 'podman', defaultSubnet: '10.88.0.0/16' });
  });

  it('lets later files override keys of earlier ones', async () => {
    expect((await read(all.slice(0, 1))).networkFolder).toBe('/shipped');
    expect((await read(all.slice(0, 2))).networkFolder).toBe('/administrators');
    expect(await read(all)).toEqual({
      networkFolder: '/second',
      defaultNetwork: 'lan',
      defaultSubnet: '10.88.0.0/16',
    });
  });

  it('obeys the environment: CONTAINERS_CONF replaces all files, CONTAINERS_CONF_OVERRIDE is read last', async () => {
    expect(await read(all, { CONTAINERS_CONF: '/srv/own.conf' })).toEqual({
      networkFolder: '/own',
      defaultNetwork: 'podman',
      defaultSubnet: '10.88.0.0/16',
    });
    expect((await read(all, { CONTAINERS_CONF_OVERRIDE: '/srv/last.conf' })).networkFolder).toBe('/last');
    const both = { CONTAINERS_CONF: '/srv/own.conf', CONTAINERS_CONF_OVERRIDE: '/srv/last.conf' };
    expect((await read(all, both)).networkFolder).toBe('/last');
  });

  it('treats an empty folder setting as absent', async () => {
    const empty = recordedFiles({ '/etc/containers/containers.conf': conf('') });
    expect(await readContainersConf(empty, {})).not.toHaveProperty('networkFolder');
  });

  it.each([
    ['[network', /^\/etc\/containers\/containers\.conf: /],
    ['[network]\nnetwork_config_dir = 7\n', 'unexpected content: network.network_config_dir: '],
  ])('reports where it is broken: %j', async (text, message) => {
    const broken = recordedFiles({ '/etc/containers/containers.conf': text });
    await expect(readContainersConf(broken, {})).rejects.toThrow(message);
  });
});
