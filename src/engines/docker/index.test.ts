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

/** What `docker network inspect` says of some of the recorded networks. */
function inspected(...names: string[]): string {
  const all = JSON.parse(fixture('network-inspect-20.10.24.json')) as { Name: string }[];
  return JSON.stringify(all.filter(({ Name }) => names.includes(Name)));
}

function missing(name: string, ...others: string[]): Output {
  return { exitCode: 1, stdout: inspected(...others), stderr: `Error: No such network: ${name}` };
}

/** With the pids that docker tells of the containers that run, in the order of `docker ps`. */
function host(answers: Readonly<Record<string, string | Output>>) {
  const ids = fixture('ps-20.10.24.jsonl')
    .split('\n')
    .map((line) => (JSON.parse(line) as { ID: string }).ID)
    .filter((id) => running.some((start) => id.startsWith(start)));
  const pids = ids.map((id, i) => `${id} ${[616, 530, 433][i]}`).join('\n');
  const inspect = `docker inspect --format {{.Id}} {{.State.Pid}} ${ids.join(' ')}`;
  return recordedHost({ answers: { ...recorded, [inspect]: pids, ...answers } });
}

describe('docker', () => {
  const docker = createDocker({});

  it('tells a network, with everything that is attached: stopped, created and paused', async () => {
    const answers = { [inspectOne]: inspected('mustredirect') };
    expect(await docker.readNetworks(host(answers), [network('mustredirect')])).toEqual([
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

  it('answers in the order of the names, also where one is missing', async () => {
    const answers = { 'docker network inspect new labelled dual': missing('new', 'dual', 'labelled') };
    const [absent, labelled, dual] = await docker.readNetworks(
      host(answers),
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

  it('leaves a network as it is that somebody else made without masquerade', async () => {
    const text = inspected('labelled').replace('"mustredirect":"created"', '');
    const [found] = await docker.readNetworks(host({ 'docker network inspect labelled': text }), [
      network('labelled'),
    ]);
    expect(found).not.toHaveProperty('ours');
    expect(found).not.toHaveProperty('masqueraded');
  });

  it('does not take the beginning of an id for a name', async () => {
    const answers = { 'docker network inspect 65b4': inspected('mustredirect') };
    expect(await docker.readNetworks(host(answers), [network('65b4')])).toMatchObject([{ exists: false }]);
  });

  it.each([
    ['inside', 'is internal'],
    ['direct', 'has driver macvlan'],
  ])('says what is in the way of %s', async (name, what) => {
    const answers = { [`docker network inspect ${name}`]: inspected(name) };
    expect(await docker.readNetworks(host(answers), [network(name)])).toMatchObject([
      { exists: true, unfit: { what: `docker has it, and it ${what}` } },
    ]);
  });

  it('knows networks of a swarm, whose ids are no hexadecimal numbers', async () => {
    const text = inspected('direct')
      .replace(/"Id": ?"[^"]+"/, '"Id": "yz4ak7xyz"')
      .replace('macvlan', 'overlay');
    const answers = { 'docker network inspect direct': text };
    expect(await docker.readNetworks(host(answers), [network('direct')])).toMatchObject([
      { unfit: { what: 'docker has it, and it has driver overlay' }, subnets: [] },
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

  it('says what docker says when it fails', async () => {
    const failed = { exitCode: 1, stdout: '', stderr: 'Cannot connect to the Docker daemon' };
    const asked = docker.readNetworks(host({ [info]: failed }), [network('a')]);
    await expect(asked).rejects.toThrow(/Cannot connect to the Docker daemon$/);
    await expect(asked).rejects.toMatchObject({
      hint: expect.stringContaining('systemctl start docker') as string,
    });
    const inspect = docker.readNetworks(host({ [inspectOne]: failed }), [network('mustredirect')]);
    await expect(inspect).rejects.toThrow(`${inspectOne}: exit 1: Cannot connect`);
  });

  it('says which tool is missing, and asks nobody when there is no network of its own', async () => {
    await expect(docker.readNetworks(recordedHost({}), [network('a')])).rejects.toMatchObject({
      code: 'missing-tool',
    });
    expect(await docker.readNetworks(recordedHost({}), [])).toEqual([]);
  });

  it('asks the daemon of this machine only', async () => {
    const answers = { [inspectOne]: inspected('mustredirect') };
    const ask = (daemon: string) =>
      createDocker({ DOCKER_HOST: daemon }).readNetworks(host(answers), [network('mustredirect')]);
    await expect(ask('ssh://root@far')).rejects.toMatchObject({
      code: 'refused',
      message: 'docker: DOCKER_HOST is ssh://root@far, which may be another machine',
    });
    expect(await ask('unix:///run/other.sock')).toMatchObject([{ exists: true }]);
    expect(await ask('')).toMatchObject([{ exists: true }]);
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
  ])('%s asks for names from the host: %s', async (version, fromHost) => {
    const answers = {
      [inspectOne]: inspected('mustredirect'),
      [info]: fixture('info-20.10.24.json').replace(
        /"ServerVersion":"[^"]*"/,
        `"ServerVersion":"${version}"`,
      ),
    };
    const [found] = await docker.readNetworks(host(answers), [network('mustredirect')]);
    expect(found).toMatchObject({ backend: `docker ${version}` });
    expect(found?.asksFromHost).toBe(fromHost);
  });

  it.each(['overlay', 'macvlan', 'ipvlan', 'host', 'null', 'weave:2.8'])(
    'names a network with driver %s, and skips one that is not meant',
    async (driver) => {
      const strange = {
        Name: 'swarm',
        Id: 'k9x8z0q1',
        Driver: driver,
        IPAM: { Config: null },
        Options: { a: 1 },
      };
      const answer = { 'docker network inspect swarm': JSON.stringify([strange]) };
      const what = `docker has it, and it has driver ${driver}`;
      const hint = expect.stringContaining('only a network of one bridge') as unknown;
      expect(await docker.readNetworks(host(answer), [network('swarm')])).toMatchObject([
        { exists: true, unfit: { what, hint } },
      ]);
      const [ours] = JSON.parse(inspected('mustredirect')) as object[];
      const answers = { [inspectOne]: JSON.stringify([strange, ours]) };
      expect(await docker.readNetworks(host(answers), [network('mustredirect')])).toMatchObject([
        { exists: true },
      ]);
    },
  );

  it('reads the MTU that somebody chose', async () => {
    const [found] = JSON.parse(inspected('mustredirect')) as { Options: object }[];
    const options = { ...found?.Options, 'com.docker.network.driver.mtu': '1476' };
    const answers = { [inspectOne]: JSON.stringify([{ ...found, Options: options }]) };
    expect(await docker.readNetworks(host(answers), [network('mustredirect')])).toMatchObject([
      { mtu: 1476 },
    ]);
  });

  it('shows a network, and who is attached to it; edits no file', () => {
    expect(docker.inspectCommand('a')?.join(' ')).toBe('docker network inspect a');
    expect(docker.attachedCommand('a')?.join(' ')).toBe('docker ps --all --quiet --filter network=a');
    expect(docker.editMasquerade('text', 'a', false)).toBe('text');
  });
});
