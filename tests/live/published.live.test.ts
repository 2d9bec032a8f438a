/** Connections to a published port by another link than the gateway's, with the host's reverse path filter. */
import { afterEach, describe, expect, it } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { runOrFail } from '../../src/host/process/exec.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import type { LabEngine } from '../../src/lab/engine.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { noteOtherWay } from './leak-matrix/other-ways-section.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { containerEngines, createTestWorld, programOf } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

let world: World;

afterEach(async () => {
  await world?.down();
});

/** Second link of the node, with its default route to the isp; the gateway is on eth0. */
const second = { device: 'eth1', node: '192.168.60.10', isp: '192.168.60.1' } as const;
const port = 8081;

async function build(rpFilter: 0 | 1 | 2, engine: LabEngine = 'external', more = 0): Promise<void> {
  world = await createTestWorld({ engine, rpFilter });
  const { node1, gw1, isp } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile(engine, { more }))));
  const cable = ['ip', 'link', 'add', second.device, 'type', 'veth', 'peer', 'name', 'second'];
  // Enters only the network namespace: the pid is that of the machine.
  const end = ['netns', String(isp.pid)];
  await runOrFail(thisMachine().exec, inNetwork(node1.pid, [...cable, ...end]));
  await isp.run(['sh', '-ec', `ip address add ${second.isp}/24 dev second; ip link set second up`]);
  const own = `ip address add ${second.node}/24 dev ${second.device}; ip link set ${second.device} up`;
  await node1.run(['sh', '-ec', `${own}; ip route replace default via ${second.isp} dev ${second.device}`]);
  await world.containers.createNetwork(network.name, network.subnet);
  await (engine === 'external' ? publishByHand() : publish(programOf(engine)));
}

const server = ['nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];

async function publish(program: 'docker' | 'podman'): Promise<void> {
  const run = [program, 'run', '--detach', '--name', 'web', '--network', network.name];
  await world.hosts.node1.run([...run, '--publish', `${port}:80`, 'localhost/lab', ...server]);
}

async function publishByHand(name = 'web', of: string = network.name): Promise<void> {
  const { node1 } = world.hosts;
  const web = await world.containers.start(name, of);
  const table = `table ip published { chain pre {
    type nat hook prerouting priority dstnat; tcp dport ${port} dnat to ${web}:80
  }; }`;
  await node1.run(['nft', '-f', '-'], { input: table });
  const listen = inNetwork(`/run/netns/${name}`, ['busybox', ...server]);
  await node1.background.start(endingWithStdin(listen));
}

async function apply(): Promise<void> {
  for (const host of [world.hosts.gw1, world.hosts.node1]) await mustSucceed(host, 'apply', '--yes');
}

const program = `
const [localAddress, host, port] = process.argv.slice(1);
const socket = require('node:net').connect({ localAddress, host, port });
socket.on('data', (answer) => { console.log(String(answer).trim()); process.exit(); });
setTimeout(() => process.exit(), 2000);
`;

/** Replies that the isp gets as a neighbour on that link, and with an address behind it. */
async function answers(): Promise<string[]> {
  const ask = (from: string) => [process.execPath, '-e', program, from, second.node, String(port)];
  const outputs = await Promise.all(
    [second.isp, addresses.internet].map((from) => world.hosts.isp.exec.run(ask(from))),
  );
  return outputs.map(({ stdout }) => stdout.trim());
}

async function upstreamSaw(): Promise<string> {
  const argv = ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`];
  return (await world.containers.run('web', argv)).stdout.trim();
}

const engines = await containerEngines();

describe('a published port, reached by another link than the gateway’s', () => {
  it.each([0, 2] as const)('replies by that link: rp_filter %i', async (rpFilter) => {
    await build(rpFilter);
    expect(await answers()).toEqual(['hello', 'hello']);
    await apply();
    const gateway = await world.capture('gw1', 'eth0', `tcp port ${port} or tcp port 80`);
    expect(await answers()).toEqual(['hello', 'hello']);
    expect(await gateway.stop()).toEqual([]);
    expect(await upstreamSaw()).toBe(`upstream saw ${addresses.uplink}`);
  });

  // The filter looks up the route of the container's reply without its fwmark.
  it('replies under strict filtering when only that link is loose', async () => {
    await build(1);
    expect(await answers()).toEqual(['hello', 'hello']);
    await apply();
    expect(await answers()).toEqual(['', '']);
    expect(await upstreamSaw()).toBe(`upstream saw ${addresses.uplink}`);
    await world.hosts.node1.run(['sysctl', '-w', `net.ipv4.conf.${second.device}.rp_filter=2`]);
    expect(await answers()).toEqual(['hello', 'hello']);
  });

  it.each([0, 1, 2] as const)('replies with steering by fwmark: rp_filter %i', async (rpFilter) => {
    await build(rpFilter, 'external', 16);
    await apply();
    expect(await answers()).toEqual(['hello', 'hello']);
    expect(await upstreamSaw()).toBe(`upstream saw ${addresses.uplink}`);
    expect(await strictLinks()).toEqual([]);
  });

  it.each(aShareOf(engines))('is reported by doctor with a remedy when out of reach: %s', async (engine) => {
    await build(1, engine);
    expect(await answers()).toEqual(['hello', 'hello']);
    await apply();
    expect(await answers()).toEqual(['', '']);
    const [found] = await strictLinks();
    expect(found?.problem).toContain(
      `network ${network.name}: published ports cannot be reached through ${second.device}`,
    );
    const command = /`(.+)`/.exec(found?.remedy ?? '')?.[1] ?? '';
    await world.hosts.node1.run(command.split(' '));
    expect(await answers()).toEqual(['hello', 'hello']);
    expect(await strictLinks()).toEqual([]);
  });
});

/** Reply that a redirected container gets from a published port of a network that is not redirected. */
async function askPublished(): Promise<string> {
  const ask = ['timeout', '2', 'busybox', 'nc', addresses.node1, String(port)];
  return (await world.containers.run('web', ask)).stdout.trim();
}

it.each([0, 1, 2] as const)(
  'a published port of another network replies, or doctor reports why not: rp_filter %i',
  async (rpFilter) => {
    world = await createTestWorld({ engine: 'external', rpFilter });
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile('external'))));
    await world.containers.createNetwork('others', '10.77.0.0/24');
    await publishByHand('shop', 'others');
    await world.containers.createNetwork(network.name, network.subnet);
    await world.containers.start('web', network.name);
    expect(await askPublished()).toBe('hello');
    await apply();
    const gateway = await world.capture('gw1', 'eth0', 'net 10.77.0.0/24');
    expect(await askPublished()).toBe(rpFilter === 1 ? '' : 'hello');
    expect(await gateway.stop()).toEqual([]);
    // Control: without the bypass, the packet goes to the gateway, like packets to the outside.
    await node1.run(['nft', 'flush', 'set', 'inet', 'mustredirect', 'published4']);
    const control = await world.capture('gw1', 'eth0', 'net 10.77.0.0/24');
    expect(await askPublished()).toBe('');
    expect((await control.stop()).length).toBeGreaterThan(0);
    await apply();
    const found = await strictBridges();
    expect(found.length).toBe(rpFilter === 1 ? 1 : 0);
    for (const { remedy } of found) {
      await node1.run((/`(.+)`/.exec(remedy)?.[1] ?? '').split(' '));
      expect(await askPublished()).toBe('hello');
      expect(await strictBridges()).toEqual([]);
    }
    await noteOtherWay({
      what: `a container calls a port that its host publishes of another network, rp_filter ${rpFilter}`,
      control: 'packets at the gateway, not answered',
      applied: `0 at the gateway, ${rpFilter === 1 ? 'not answered, and doctor names the bridge' : 'answered'}`,
    });
  },
);

async function strictBridges(): Promise<{ problem: string; remedy: string }[]> {
  const { stdout } = await mustredirect(world.hosts.node1, 'doctor', '--json');
  const found = JSON.parse(stdout) as { problem: string; remedy: string }[];
  return found.filter(({ problem }) => problem.includes('no published port of the containers on'));
}

async function strictLinks(): Promise<{ problem: string; remedy: string }[]> {
  const { stdout } = await mustredirect(world.hosts.node1, 'doctor', '--json');
  const found = JSON.parse(stdout) as { problem: string; remedy: string }[];
  return found.filter(({ problem }) => problem.includes('published ports cannot be reached through'));
}
