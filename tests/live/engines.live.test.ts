import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngines, readAllNetworks } from '../../src/engines/index.ts';
import type { NetworkFacts } from '../../src/state/facts.ts';
import { type PodmanWorld, createPodmanWorld } from './podman-world.ts';

const network = { engine: 'podman', name: 'mustredirect', subnets: ['10.89.4.0/24'] } as const;
const { podman } = createEngines({});

/** Debian 12's podman 4 has both; podman 5 is built without CNI. */
const major = Number(/\d+/.exec(execFileSync('podman', ['--version'], { encoding: 'utf8' }))?.[0]);
const backends = major < 5 ? (['cni', 'netavark'] as const) : (['netavark'] as const);

describe.each(backends)('podman with %s', { timeout: 60_000 }, (backend) => {
  let world: PodmanWorld;
  let before: string;

  beforeAll(async () => {
    before = await machine();
    world = await createPodmanWorld(backend);
  }, 60_000);

  afterAll(() => world.remove(), 60_000);

  it('finds no network, creates it, and finds it', async () => {
    const absent = await readNetwork(world);
    expect(absent).toMatchObject({ exists: false, subnets: [], attached: [] });
    await world.run(...(podman.createCommand(network) ?? []));
    const created = await readNetwork(world);
    expect(created).toMatchObject({
      exists: true,
      subnets: network.subnets,
      bridge: backend === 'cni' ? 'cni-podman1' : 'podman1',
      attached: [],
    });
    expect(created.backend).toMatch(new RegExp(`^podman \\d+\\.\\d+\\.\\d+ with ${backend}$`));
    // The plan edits the file in the run that creates it, so where it will be must be known beforehand.
    expect(created.masquerade).toEqual(absent.masquerade);
    expect(created.masquerade !== undefined).toBe(backend === 'cni');
  });

  it('sees who is attached, running or not', async () => {
    await start(world, 'running', 'sleep', '1000');
    await start(world, 'stopped', 'true');
    await world.run('podman', 'wait', 'stopped');
    await world.run('podman', 'create', '--network', network.name, '--name', 'created', world.image);
    await world.run('podman', 'create', '--network', 'none', '--name', 'elsewhere', world.image);
    const { attached, bridge } = await readNetwork(world);
    expect(attached).toEqual([
      { name: 'running', running: true, pid: attached[0]?.pid },
      { name: 'stopped', running: false },
      { name: 'created', running: false },
    ]);
    expect(await world.run('cat', `/proc/${attached[0]?.pid}/cmdline`)).toBe('sleep\u00001000\u0000');
    expect(await world.run('ip', '-br', 'link', 'show', 'dev', bridge ?? '')).toContain('UP');
  });

  // netavark's files have no such setting
  it.each(backend === 'cni' ? ['mustredirect.conflist'] : [])(
    'obeys an edited %s: no masquerade for a new container',
    async (name) => {
      const file = join(world.networks, name);
      const original = (await world.host.files.read(file)) ?? '';
      const edited = podman.editMasquerade(original, network.name, false);
      expect((await readNetwork(world)).masquerade).toEqual({ file, enabled: true });
      await world.host.files.replace(file, edited);
      expect((await readNetwork(world)).masquerade).toEqual({ file, enabled: false });
      expect(await world.run('podman', 'network', 'ls', '--format', '{{.Name}}')).toContain(network.name);

      await start(world, 'later', 'sleep', '1000');
      await world.run('podman', 'exec', 'later', 'ping', '-c', '1', '-W', '2', '10.89.4.1');
      const masqueraded = await masqueradedSources(world);
      expect(masqueraded).toContain(await addressOf(world, 'running'));
      expect(masqueraded).not.toContain(await addressOf(world, 'later'));

      await world.host.files.replace(file, podman.editMasquerade(edited, network.name, true));
      expect(await world.host.files.read(file)).toBe(original);
      await start(world, 'last', 'sleep', '1000');
      expect(await masqueradedSources(world)).toContain(await addressOf(world, 'last'));
    },
  );

  it('removes the network when no container has it any more, and not before', async () => {
    const removal = podman.removeCommand(network.name) ?? [];
    await expect(world.run(...removal)).rejects.toThrow(/associated containers|being used/);
    await world.run('podman', 'rm', '--force', '--all', '--time', '0');
    await world.run(...removal);
    expect(await readNetwork(world)).toMatchObject({ exists: false, attached: [] });
    expect((await readdir(world.networks)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  it('leaves the machine as it was', async () => {
    expect(cgroupsOf(world, await readdir('/sys/fs/cgroup'))).not.toEqual([]);
    await world.remove();
    expect(cgroupsOf(world, await readdir('/sys/fs/cgroup'))).toEqual([]);
    expect(existsSync(world.folder)).toBe(false);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(world.folder);
    expect(await machine()).toBe(before);
  });
});

async function readNetwork(world: PodmanWorld): Promise<NetworkFacts> {
  const [facts] = await readAllNetworks(world.host, createEngines(world.env), [network]);
  if (!facts) throw new Error('no answer');
  return facts;
}

async function start(world: PodmanWorld, name: string, ...command: string[]): Promise<void> {
  const how = ['--detach', '--cgroup-parent', world.cgroup, '--name', name, '--network', network.name];
  await world.run('podman', 'run', ...how, world.image, ...command);
}

async function addressOf(world: PodmanWorld, container: string): Promise<string> {
  const text = await world.run('podman', 'exec', container, 'ip', '-4', '-o', 'address', 'show', 'eth0');
  const address = /inet (10\.89\.4\.\d+)\/24/.exec(text)?.[1];
  if (!address) throw new Error(`no address: ${text}`);
  return address;
}

/** CNI's bridge plugin has one rule for each container's address. */
async function masqueradedSources(world: PodmanWorld): Promise<(string | undefined)[]> {
  const rules = await world.run('iptables-save', '-t', 'nat');
  return [...rules.matchAll(/^-A POSTROUTING -s (\S+)\/32 .*-j CNI-/gm)].map(([, source]) => source);
}

/** What podman would leave on the machine if it got out of its world. */
async function machine(): Promise<string> {
  const folders = ['/etc/cni/net.d', '/etc/containers/networks', '/var/lib/cni', '/var/lib/cni/networks'];
  const lists = folders.map(
    async (folder) => `${folder}: ${(await readdir(folder).catch(() => [])).join(' ')}`,
  );
  return (await Promise.all(lists)).join('\n');
}

function cgroupsOf({ cgroup }: PodmanWorld, hierarchies: readonly string[]): string[] {
  return ['', ...hierarchies]
    .map((hierarchy) => join('/sys/fs/cgroup', hierarchy, cgroup))
    .filter((path) => existsSync(path));
}
