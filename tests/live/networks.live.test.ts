/** Networks that mustredirect creates, from the first packet of the first container to the last. */
import { afterEach, describe, expect, it } from 'vitest';
import { addresses, network } from '../../src/lab/layout.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { containerEngines, createTestWorld, programOf } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

let world: World;

afterEach(async () => {
  await world.down();
});

async function answer(container: string): Promise<string> {
  const argv = ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`];
  return (await world.containers.run(container, argv)).stdout.trim();
}

describe.each(aShareOf(await containerEngines()))('%s', (engine) => {
  const program = programOf(engine);

  it('creates a missing network, and removes it once unused', async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile(engine))));
    const networks = (): Promise<string> => node1.run([program, 'network', 'ls', '--format', '{{.Name}}']);
    const isp = await world.capture('isp', 'eth0', `host ${addresses.internet}`);

    await mustSucceed(gw1, 'apply', '--yes');
    const said = await mustSucceed(node1, 'apply', '--yes');
    expect(said).toContain(`+ ${program} network ${network.name}: ${network.subnet}`);
    expect(said.includes('.conflist: ipMasq: false (was true)')).toBe(engine === 'podman-cni');
    expect(await networks()).toContain(network.name);
    await world.containers.start('web', network.name);
    expect(await answer('web')).toBe(`upstream saw ${addresses.uplink}`);
    expect(await isp.stop()).toEqual([]);

    const destroyed = await mustSucceed(node1, 'destroy', '--yes');
    expect(destroyed).toContain(`waiting: network ${network.name}, which we created, stays: used by web`);
    expect(await networks()).toContain(network.name);
    await world.containers.remove('web');
    expect(await mustSucceed(node1, 'destroy', '--yes')).toContain(`- ${program} network ${network.name}`);
    expect(await networks()).not.toContain(network.name);
    expect(await node1.files.list('/var/lib/mustredirect')).toEqual([]);
  });

  it('keeps a foreign network that replaced ours', async () => {
    world = await createTestWorld({ engine });
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, exampleFile(engine));
    await mustSucceed(node1, 'apply', '--yes');
    await node1.run([program, 'network', 'rm', network.name]);
    await world.containers.createNetwork(network.name, network.subnet);
    expect(await mustSucceed(node1, 'destroy', '--yes')).not.toContain(`- ${program} network`);
    expect(await node1.run([program, 'network', 'ls', '--format', '{{.Name}}'])).toContain(network.name);
  });

  it('keeps direct destinations reachable from a network that it created', async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    const file = exampleFile(engine, { direct: [`${addresses.internet}/32`] });
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, file)));
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    await world.containers.start('web', network.name);
    expect(await answer('web')).toBe(`isp saw ${addresses.node1}`);
  });

  it('keeps published ports reachable from containers of another network', async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1, isp } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile(engine))));
    await world.containers.createNetwork('other', '10.77.0.0/24');
    await world.containers.createNetwork(network.name, network.subnet);
    await world.containers.start('asker', 'other');
    const serve = ['nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];
    const run = [program, 'run', '--detach', '--name', 'server', '--publish', '8084:80'];
    await node1.run([...run, '--network', network.name, 'localhost/lab', ...serve]);
    const ask = ['timeout', '3', 'nc', addresses.node1, '8084'];
    const answers = async (): Promise<string[]> => [
      (await world.containers.run('asker', ask)).stdout.trim(),
      (await isp.exec.run(['busybox', ...ask])).stdout.trim(),
      (await node1.exec.run(['busybox', ...ask])).stdout.trim(),
    ];
    expect(await answers()).toEqual(['hello', 'hello', 'hello']);
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    expect(await answers()).toEqual(['hello', 'hello', 'hello']);
  });

  it('reports a container that is also in another network, and the effect of its default route', async () => {
    world = await createTestWorld({ engine });
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile(engine))));
    await world.containers.createNetwork('lan', '10.77.0.0/24');
    await world.containers.createNetwork(network.name, network.subnet);
    await world.containers.start('one', network.name);
    for (const [name, first, second] of [
      ['ours-first', network.name, 'lan'],
      ['lan-first', 'lan', network.name],
    ] as const) {
      await world.containers.start(name, first);
      await node1.run([program, 'network', 'connect', second, name]);
    }
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    const { stdout } = await mustredirect(node1, 'doctor', '--json');
    const told = JSON.parse(stdout) as { problem: string }[];
    const ways: string[] = [];
    for (const name of ['one', 'ours-first', 'lan-first']) {
      const way = await answer(name);
      ways.push(way);
      const of = told.filter(({ problem }) => problem.startsWith(`container ${name}: `));
      const said = way === `isp saw ${addresses.node1}` ? 'is not redirected' : 'are dropped there';
      // By the redirected network, replies from its address in the other one are dropped.
      expect(of.map(({ problem }) => problem.includes(said))).toEqual(name === 'one' ? [] : [true]);
    }
    // podman uses the network that was attached last, docker the first in the alphabet: one leaves by the other
    // network.
    expect(ways[0]).toBe(`upstream saw ${addresses.uplink}`);
    expect(ways).toContain(`isp saw ${addresses.node1}`);
  });

  it('blocks an existing network with another subnet, and reports it', async () => {
    world = await createTestWorld({ engine });
    const { node1 } = world.hosts;
    await node1.files.replace(filePath, exampleFile(engine));
    await world.containers.createNetwork(network.name, '10.77.0.0/24');
    const { exitCode, stdout } = await mustredirect(node1, 'apply', '--yes');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^not ready: .*10\.77\.0\.0\/24.* closed, not redirected$/m);
    expect(await node1.run(['ip', 'rule'])).toMatch(/^4200:\s+from 10\.77\.0\.0\/24 /m);
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await node1.run(['nft', 'list', 'tables'])).not.toContain('mustredirect');
  });
});
