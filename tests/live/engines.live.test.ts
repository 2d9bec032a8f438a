/** Compares src/engines with real engines, and checks how engines use files that we edited. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngines, readAllNetworks } from '../../src/engines/index.ts';
import type { World } from '../../src/lab/world.ts';
import type { NetworkFacts } from '../../src/state/facts.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const network = { engine: 'podman', name: 'mustredirect', subnets: ['10.89.4.0/24'] } as const;
const image = 'localhost/lab';
const engines = createEngines({});
const { podman } = engines;

describe.each(aShareOf(await podmanEngines()))('%s', (engine) => {
  const cni = engine === 'podman-cni';
  const networkFolder = cni ? '/etc/cni/net.d' : '/etc/containers/networks';
  let world: World;

  beforeAll(async () => {
    world = await createTestWorld({ engine });
  });

  afterAll(() => world.down());

  it('reports a missing network, creates it, and reads it', async () => {
    const absent = await readNetwork(world);
    expect(absent).toMatchObject({ exists: false, subnets: [], attached: [] });
    await world.hosts.node1.run(podman.createCommand(network) ?? []);
    const created = await readNetwork(world);
    expect(created).toMatchObject({
      exists: true,
      ours: true,
      subnets: network.subnets,
      bridge: cni ? 'cni-podman1' : 'podman1',
      attached: [],
    });
    expect(created.backend).toMatch(
      new RegExp(`^podman \\d+\\.\\d+\\.\\d+ with ${cni ? 'cni' : 'netavark'}$`),
    );
    // The plan edits the file in the run that creates it, so its path must be known beforehand.
    expect(created.masquerade).toEqual(absent.masquerade);
    expect(created.masquerade !== undefined).toBe(cni);
  });

  it('reads attached containers, running or not', async () => {
    const { node1 } = world.hosts;
    await world.containers.start('running', network.name);
    await node1.run(['podman', 'run', '--name', 'stopped', '--network', network.name, image, 'true']);
    await node1.run(['podman', 'create', '--network', network.name, '--name', 'created', image, 'true']);
    await node1.run(['podman', 'create', '--network', 'none', '--name', 'elsewhere', image, 'true']);
    const { attached, bridge } = await readNetwork(world);
    expect(attached).toEqual([
      { name: 'running', running: true, pid: attached[0]?.pid },
      { name: 'stopped', running: false },
      { name: 'created', running: false },
    ]);
    expect(await node1.run(['cat', `/proc/${attached[0]?.pid}/cmdline`])).toBe('sleep\u0000100000\u0000');
    expect(await node1.run(['ip', '-br', 'link', 'show', 'dev', bridge ?? ''])).toContain('UP');
  });

  // netavark's files have no masquerade setting.
  it.each(cni ? [`${networkFolder}/${network.name}.conflist`] : [])(
    'obeys an edited %s: no masquerade for a new container',
    async (file) => {
      const { node1 } = world.hosts;
      const original = (await node1.files.read(file)) ?? '';
      const edited = podman.editMasquerade(original, network.name, false);
      expect((await readNetwork(world)).masquerade).toMatchObject({ file, enabled: true });
      await node1.files.replace(file, edited);
      expect((await readNetwork(world)).masquerade).toMatchObject({ file, enabled: false });
      expect(await node1.run(['podman', 'network', 'ls', '--format', '{{.Name}}'])).toContain(network.name);

      const later = await world.containers.start('later', network.name);
      const ping = await world.containers.run('later', ['ping', '-c', '1', '-W', '2', '10.89.4.1']);
      expect(ping.exitCode).toBe(0);
      expect(await masqueradedSources(world)).toEqual(['10.89.4.2']);
      expect(later).not.toBe('10.89.4.2');

      await node1.files.replace(file, podman.editMasquerade(edited, network.name, true));
      expect(await node1.files.read(file)).toBe(original);
      const last = await world.containers.start('last', network.name);
      expect(await masqueradedSources(world)).toEqual(['10.89.4.2', last]);
    },
  );

  it('removes the network only when no container uses it', async () => {
    const { node1 } = world.hosts;
    const removal = podman.removeCommand(network.name) ?? [];
    await expect(node1.run(removal)).rejects.toThrow(/associated containers|being used/);
    await node1.run(['podman', 'rm', '--force', '--all', '--time', '0']);
    await node1.run(removal);
    expect(await readNetwork(world)).toMatchObject({ exists: false, attached: [] });
    const left = await node1.files.list(networkFolder);
    expect(left.filter((name) => name.startsWith(network.name))).toEqual([]);
  });
});

async function readNetwork({ hosts }: World): Promise<NetworkFacts> {
  const [facts] = await readAllNetworks(hosts.node1, engines, [network]);
  if (!facts) throw new Error('no answer');
  return facts;
}

/** CNI's bridge plugin adds one rule for each container address. */
async function masqueradedSources({ hosts }: World): Promise<(string | undefined)[]> {
  const rules = await hosts.node1.run(['iptables-save', '-t', 'nat']);
  return [...rules.matchAll(/^-A POSTROUTING -s (\S+)\/32 .*-j CNI-/gm)].map(([, source]) => source);
}
