import { describe, expect, it } from 'vitest';
import { networkFile } from '../../tests/fake-host/podman.ts';
import { MustredirectError } from '../error.ts';
import { createEngines, listLabelled } from './index.ts';
import { recordedHost } from './recorded-host.ts';

const key = 'mustredirect.via';
const dockerInfo = 'docker info --format {{json .}}';
const dockerList = `docker network ls --no-trunc --filter label=${key} --format [{{json .Name}},{{json (.Label "${key}")}}]`;
const podmanInfo = 'podman info --format json';
const infoOf = (backend: string): string =>
  JSON.stringify({ host: { networkBackend: backend }, version: { Version: '4.3.1' } });
const docker = { [dockerInfo]: '{"ServerVersion":"20.10.24"}', [dockerList]: '' };
const podman = { [podmanInfo]: infoOf('netavark') };

/** Host without the programs that have no output. */
function host(outputs: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  const recorded = recordedHost({ outputs, files });
  const installed = new Set(Object.keys(outputs).map((command) => command.split(' ')[0]));
  return {
    ...recorded,
    exec: {
      run: async (argv: readonly string[]) => {
        if (installed.has(argv[0])) return recorded.exec.run(argv);
        throw new MustredirectError('missing-tool', `${argv[0]}: no such program`);
      },
    },
  };
}

const list = (...where: Parameters<typeof host>) => listLabelled(host(...where), createEngines({}), key);

const network = (name: string, gateway?: string) => ({
  name,
  subnets: ['10.89.4.0/24'],
  bridge: 'podman1',
  ...(gateway === undefined ? {} : { labels: { [key]: gateway, other: 'x' } }),
});

describe('networks with a label', () => {
  it('are those that docker lists', async () => {
    const lines = '["app","office"]\n["odd \\"name","a\\nb"]\n';
    expect(await list({ ...docker, [dockerList]: lines })).toEqual({
      labels: [
        { engine: 'docker', name: 'app', value: 'office' },
        { engine: 'docker', name: 'odd "name', value: 'a\nb' },
      ],
      listed: ['docker'],
      unread: {},
    });
  });

  it.each(['cni', 'netavark'] as const)('are in the files of podman with %s', async (backend) => {
    const made = [network('app', 'office'), network('plain'), network('empty', '')];
    const folder = backend === 'cni' ? '/etc/cni/net.d' : '/etc/containers/networks';
    const files = {
      ...Object.fromEntries(made.map((one) => networkFile(backend, one))),
      [`${folder}/broken.${backend === 'cni' ? 'conflist' : 'json'}`]: '{',
    };
    expect(await list({ [podmanInfo]: infoOf(backend) }, files)).toEqual({
      labels: [
        { engine: 'podman', name: 'app', value: 'office' },
        { engine: 'podman', name: 'empty', value: '' },
      ],
      listed: ['podman'],
      unread: {},
    });
  });

  it('are in the files of nerdctl, in any namespace, and only while it is installed', async () => {
    const text = JSON.stringify({
      name: 'app',
      nerdctlLabels: { [key]: 'office' },
      plugins: [{ type: 'bridge' }],
    });
    const files = { '/etc/cni/net.d/default': '', '/etc/cni/net.d/default/nerdctl-app.conflist': text };
    const outputs = { 'nerdctl --version': 'nerdctl version 2.0.3' };
    expect(await list(outputs, files)).toMatchObject({
      labels: [{ engine: 'nerdctl', name: 'app', value: 'office' }],
      listed: ['nerdctl'],
    });
    expect(await list({}, files)).toEqual({ labels: [], listed: [], unread: {} });
  });

  it('of an engine that fails are unread, and those of the others are found', async () => {
    const [path, text] = networkFile('netavark', network('app', 'office'));
    const failing = { ...podman, [dockerInfo]: '{"ServerErrors":["no daemon"]}' };
    expect(await list(failing, { [path]: text })).toEqual({
      labels: [{ engine: 'podman', name: 'app', value: 'office' }],
      listed: ['podman'],
      unread: {
        docker: {
          why: 'docker: the Docker daemon does not answer: no daemon',
          hint: 'start it (`systemctl start docker`), or, where it listens elsewhere, set DOCKER_HOST',
        },
      },
    });
  });

  it('of a daemon on another machine are not asked for', async () => {
    const engines = createEngines({ DOCKER_HOST: 'tcp://192.0.2.1' });
    const { unread } = await listLabelled(host(docker), engines, key);
    expect(unread.docker?.why).toBe('docker: DOCKER_HOST is tcp://192.0.2.1, which may be another machine');
  });
});
