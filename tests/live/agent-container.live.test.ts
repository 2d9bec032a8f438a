/** The agent in a container of podman, with the network of the host, as docs/guides/operate.md says. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import type { Running } from '../../src/host/ports.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { createTestWorld, podmanEngines } from './test-world.ts';

/** milliseconds, on a busy machine */
const patience = 60_000;
const [engine] = await podmanEngines();
/** folders of the host in the container */
const folders = [
  '/etc/mustredirect',
  '/var/lib/mustredirect',
  '/run',
  '/etc/cni',
  '/etc/containers',
  '/var/lib/cni',
  '/var/lib/containers',
  '/dev/shm',
];

let world: World;
let agent: Running;

beforeAll(async () => {
  world = await createTestWorld({ engine });
  const { node1, gw1 } = world.hosts;
  await world.containers.createNetwork(network.name, network.subnet);
  await world.containers.start('web', network.name);
  for (const host of [gw1, node1]) {
    await host.files.replace(filePath, exampleFile(engine ?? 'external'));
    await mustSucceed(host, 'apply', '--yes');
  }
  // The programs of this machine, as an image would have them.
  await node1.run(['sh', '-ec', 'mkdir /run/lab/root; mount --bind / /run/lab/root']);
  const shared = folders.flatMap((folder) => ['--volume', `${folder}:${folder}`]);
  const run = [
    'podman',
    'run',
    '--rm',
    '--name',
    'agent',
    '--network',
    'host',
    '--pid',
    'host',
    '--privileged',
  ];
  const argv = [...run, ...shared, '--rootfs', '/run/lab/root', programPath, 'agent'];
  agent = await node1.background.start(endingWithStdin(argv));
  if (!(await waitUntil(() => agent.output().stderr.includes('holds '), patience))) {
    throw new Error(agent.output().stderr);
  }
}, 240_000);
afterAll(async () => {
  await agent?.stop();
  await world?.down();
});

it('brings back what is removed, and status on the host shows it', async () => {
  const { node1 } = world.hosts;
  await node1.run(['nft', 'delete', 'table', 'inet', 'mustredirect']);
  await node1.run(['sh', '-c', 'while ip rule delete proto 136; do :; done 2>/dev/null']);
  const isBack = async (): Promise<boolean> => (await mustredirect(node1, 'plan', '--check')).exitCode === 0;
  expect(await waitUntil(isBack, patience)).toBe(true);
  const { stdout } = await world.containers.run('web', ['wget', '-qO-', `http://${addresses.internet}`]);
  expect(stdout.trim()).toBe(`upstream saw ${addresses.uplink}`);
  expect(await mustSucceed(node1, 'status')).toMatch(/agent: process \d+ since .* repair/);
  expect(await mustSucceed(node1, 'history')).toContain('agent');
});

it('follows a network that is made anew', async () => {
  const { node1 } = world.hosts;
  await world.containers.remove('web');
  await node1.run(['podman', 'network', 'rm', network.name]);
  await world.containers.createNetwork(network.name, network.subnet);
  await world.containers.start('again', network.name);
  const answers = async (): Promise<boolean> => {
    const argv = ['timeout', '2', 'wget', '-qO-', `http://${addresses.internet}`];
    return (await world.containers.run('again', argv)).stdout.trim() === `upstream saw ${addresses.uplink}`;
  };
  expect(await waitUntil(answers, patience)).toBe(true);
});
