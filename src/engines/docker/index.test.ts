import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Output } from '../../host/ports.ts';
import { recordedHost } from '../recorded-host.ts';
import { createDocker } from './index.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8').trimEnd();
}

const info = 'docker info --format {{json .}}';
const ps = 'docker ps --all --no-trunc --format {{json .}}';
const recorded = {
  [info]: fixture('info-20.10.24.json'),
  [ps]: fixture('ps-20.10.24.jsonl'),
};
const running = ['f65707db9a53', '51b4e200cf36', '6f71f7591dc0'];
const inspectOne = 'docker network inspect mustredirect';
const network = (name: string) => ({ name, subnets: ['10.89.4.0/24'] });

/** Output of `docker network inspect` for some of the recorded networks. */
function inspected(...names: string[]): string {
  const all = JSON.parse(fixture('network-inspect-20.10.24.json')) as { Name: string }[];
  return JSON.stringify(all.filter(({ Name }) => names.includes(Name)));
}

function missing(name: string, ...others: string[]): Output {
  return { exitCode: 1, stdout: inspected(...others), stderr: `Error: No such network: ${name}` };
}

/** Host that answers with pids for running containers, in the order of `docker ps`. */
function host(outputs: Readonly<Record<string, string | Output>>) {
  const ids = fixture('ps-20.10.24.jsonl')
    .split('\n')
    .map((line) => (JSON.parse(line) as { ID: string }).ID)
    .filter((id) => running.some((start) => id.startsWith(start)));
  const pids = ids.map((id, i) => `${id} ${[616, 530, 433][i]}`).join('\n');
  const inspect = `docker inspect --format {{.Id}} {{.State.Pid}} ${ids.join(' ')}`;
  return recordedHost({ outputs: { ...recorded, [inspect]: pids, ...outputs } });
}

describe('docker', () => {
  const docker = createDocker({});

  it('reads a network and its stopped, created and paused containers', async () => {
    const outputs = { [inspectOne]: inspected('mustredirect') };
    expect(await docker.readNetworks(host(outputs), [network('mustredirect')])).toEqual([
      {
        engine: 'docker',
        name: 'mustredirect',
        backend: 'docker 20.10.24+dfsg1',
        exists: true,
        masqueraded: true,
        subnets: ['10.89.4.0/24'],
        bridge: 'br-65b4afbc374f',
        commands: { remove: 'docker network rm mustredirect' },
        attached: [
          { name: 'created', running: false },
          { name: 'stopped', running: false },
          { name: 'paused', running: true, pid: 616, addresses: ['10.89.4.4'] },
          {
            name: 'two',
            running: true,
            pid: 530,
            addresses: ['10.89.4.3'],
            publishes: true,
            networks: ['mustredirect', 'other'],
          },
          { name: 'web', running: true, pid: 433, addresses: ['10.89.4.2'] },
        ],
      },
    ]);
  });

  it('returns networks in the requested order, including missing ones', async () => {
    const outputs = { 'docker network inspect new labelled dual': missing('new', 'dual', 'labelled') };
    const [absent, labelled, dual] = await docker.readNetworks(
      host(outputs),
      ['new', 'labelled', 'dual'].map(network),
    );
    expect(absent).toEqual({
      engine: 'docker',
      name: 'new',
      backend: 'docker 20.10.24+dfsg1',
      exists: false,
      masqueraded: true,
      subnets: [],
      attached: [],
    });
    expect(labelled).toMatchObject({ exists: true, ours: true, masqueraded: true, attached: [] });
    expect(dual).toMatchObject({ subnets: ['10.89.7.0/24', 'fd00:7::/64'], bridge: 'mrdual' });
    expect(dual).not.toHaveProperty('ours');
  });

  it('treats a network without masquerade as not ours when our label is missing', async () => {
    const text = inspected('labelled').replace('"mustredirect":"created"', '');
    const [found] = await docker.readNetworks(host({ 'docker network inspect labelled': text }), [
      network('labelled'),
    ]);
    expect(found).not.toHaveProperty('ours');
    expect(found).not.toHaveProperty('masqueraded');
  });

  it('rejects the beginning of an id as a name', async () => {
    const outputs = { 'docker network inspect 65b4': inspected('mustredirect') };
    expect(await docker.readNetworks(host(outputs), [network('65b4')])).toMatchObject([{ exists: false }]);
  });

  it.each([
    ['inside', 'is internal'],
    ['direct', 'has driver macvlan'],
  ])('reports why network %s cannot be redirected', async (name, what) => {
    const outputs = { [`docker network inspect ${name}`]: inspected(name) };
    expect(await docker.readNetworks(host(outputs), [network(name)])).toMatchObject([
      { exists: true, unusable: { what: `docker has it, and it ${what}` } },
    ]);
  });

  it('accepts swarm networks, whose ids are not hexadecimal', async () => {
    const text = inspected('direct')
      .replace(/"Id": ?"[^"]+"/, '"Id": "yz4ak7xyz"')
      .replace('macvlan', 'overlay');
    const outputs = { 'docker network inspect direct': text };
    expect(await docker.readNetworks(host(outputs), [network('direct')])).toMatchObject([
      { unusable: { what: 'docker has it, and it has driver overlay' }, subnets: [] },
    ]);
  });

  it.each([
    [
      'what 20.10 says where no daemon answers',
      fixture('info-20.10.24-no-daemon.json'),
      'failed',
      /^docker: the Docker daemon does not answer: Cannot connect/,
    ],
    ['an older one', '{"ServerVersion":"19.03.15"}', 'missing-tool', 'docker 19.03.15: too old'],
    [
      'one of an ordinary user',
      '{"ServerVersion":"28.2.2","SecurityOptions":["name=seccomp,profile=builtin","name=rootless"]}',
      'not-permitted',
      'docker: runs rootless here',
    ],
    [
      'another context',
      '{"ServerVersion":"28.2.2","ClientInfo":{"Context":"far"}}',
      'refused',
      'docker: its context is far, which may be another machine',
    ],
    ['nonsense', 'nonsense', 'failed', /^docker info --format \{\{json \.\}\}: not JSON/],
    ['nothing', '{}', 'failed', 'docker: the Docker daemon does not answer'],
    [
      'what 28.5 says where no daemon answers',
      { exitCode: 1, stdout: '{"ServerVersion":""}', stderr: 'Cannot connect' },
      'failed',
      'docker: the Docker daemon does not answer',
    ],
  ])('refuses %s', async (_, text, code, message) => {
    const reading = docker.readNetworks(host({ [info]: text }), [network('a')]);
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });

  it('includes the message of docker when it fails', async () => {
    const failed = { exitCode: 1, stdout: '', stderr: 'Cannot connect to the Docker daemon' };
    const asked = docker.readNetworks(host({ [info]: failed }), [network('a')]);
    await expect(asked).rejects.toThrow(/Cannot connect to the Docker daemon$/);
    await expect(asked).rejects.toMatchObject({
      hint: expect.stringContaining('systemctl start docker') as string,
    });
    const inspect = docker.readNetworks(host({ [inspectOne]: failed }), [network('mustredirect')]);
    await expect(inspect).rejects.toThrow(`${inspectOne}: exit 1: Cannot connect`);
  });

  it('names the missing program, and runs nothing when no networks are requested', async () => {
    await expect(docker.readNetworks(recordedHost({}), [network('a')])).rejects.toMatchObject({
      code: 'missing-tool',
    });
    expect(await docker.readNetworks(recordedHost({}), [])).toEqual([]);
  });

  it('accepts only the daemon on this machine', async () => {
    const outputs = { [inspectOne]: inspected('mustredirect') };
    const readWith = (daemon: string) =>
      createDocker({ DOCKER_HOST: daemon }).readNetworks(host(outputs), [network('mustredirect')]);
    await expect(readWith('ssh://root@far')).rejects.toMatchObject({
      code: 'refused',
      message: 'docker: DOCKER_HOST is ssh://root@far, which may be another machine',
    });
    expect(await readWith('unix:///run/other.sock')).toMatchObject([{ exists: true }]);
    expect(await readWith('')).toMatchObject([{ exists: true }]);
  });

  it('creates a network without masquerade, and removes it', () => {
    expect(docker.createCommand({ name: 'a', subnets: ['10.89.4.0/24', 'fd00:4::/64'] })?.join(' ')).toBe(
      'docker network create --label mustredirect=created --ipv6 --subnet 10.89.4.0/24 --subnet fd00:4::/64 ' +
        '--opt com.docker.network.bridge.enable_ip_masquerade=false a',
    );
    expect(docker.createCommand({ name: 'a', subnets: ['10.89.4.0/24'] })).not.toContain('--ipv6');
    expect(docker.createCommand({ name: 'a', subnets: ['10.89.4.0/24'], mtu: 1476 })?.slice(-3)).toEqual([
      '--opt',
      'com.docker.network.driver.mtu=1476',
      'a',
    ]);
    expect(docker.removeCommand('a')?.join(' ')).toBe('docker network rm a');
  });

  it.each([
    ['27.5.1', undefined],
    ['28.1.1', true],
  ])('%s resolves DNS on the host: %s', async (version, fromHost) => {
    const outputs = {
      [inspectOne]: inspected('mustredirect'),
      [info]: fixture('info-20.10.24.json').replace(
        /"ServerVersion":"[^"]*"/,
        `"ServerVersion":"${version}"`,
      ),
    };
    const [found] = await docker.readNetworks(host(outputs), [network('mustredirect')]);
    expect(found).toMatchObject({ backend: `docker ${version}` });
    expect(found?.resolvesOnHost).toBe(fromHost);
  });

  it.each(['overlay', 'macvlan', 'ipvlan', 'host', 'null', 'weave:2.8'])(
    'reports driver %s of a requested network, and ignores it in other networks',
    async (driver) => {
      const strange = {
        Name: 'swarm',
        Id: 'k9x8z0q1',
        Driver: driver,
        IPAM: { Config: null },
        Options: { a: 1 },
      };
      const output = { 'docker network inspect swarm': JSON.stringify([strange]) };
      const what = `docker has it, and it has driver ${driver}`;
      const hint = expect.stringContaining('only a network of one bridge') as unknown;
      expect(await docker.readNetworks(host(output), [network('swarm')])).toMatchObject([
        { exists: true, unusable: { what, hint } },
      ]);
      const [ours] = JSON.parse(inspected('mustredirect')) as object[];
      const outputs = { [inspectOne]: JSON.stringify([strange, ours]) };
      expect(await docker.readNetworks(host(outputs), [network('mustredirect')])).toMatchObject([
        { exists: true },
      ]);
    },
  );

  it('reads a configured MTU', async () => {
    const [found] = JSON.parse(inspected('mustredirect')) as { Options: object }[];
    const options = { ...found?.Options, 'com.docker.network.driver.mtu': '1476' };
    const outputs = { [inspectOne]: JSON.stringify([{ ...found, Options: options }]) };
    expect(await docker.readNetworks(host(outputs), [network('mustredirect')])).toMatchObject([
      { mtu: 1476 },
    ]);
  });

  it('shows a network and its attached containers, and edits no file', () => {
    expect(docker.inspectCommand('a')?.join(' ')).toBe('docker network inspect a');
    expect(docker.attachedCommand('a')?.join(' ')).toBe('docker ps --all --quiet --filter network=a');
    expect(docker.editMasquerade('text', 'a', false)).toBe('text');
  });
});
