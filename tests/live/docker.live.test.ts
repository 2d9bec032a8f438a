/** Docker: a restart of its daemon, which recreates all of its rules. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restartDockerd } from '../../src/lab/containers/docker.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

beforeEach(async () => {
  world = await createTestWorld({ engine: 'docker' });
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile('docker'))));
});

afterEach(async () => {
  await world?.down();
});

/** Replying host for a container, and the sources seen meanwhile on the gateway's link to it. */
async function ask(container: string): Promise<{ readonly answer: string; readonly sources: string[] }> {
  const lan = await world.capture('gw1', 'eth0', `tcp and dst host ${addresses.internet}`);
  const argv = ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`];
  const answer = (await world.containers.run(container, argv)).stdout.trim();
  return { answer, sources: [...new Set((await lan.stop()).map(({ source }) => source))] };
}

const caller = `
const [host] = process.argv.slice(1);
const request = require('node:http').get({ host, port: 8080, timeout: 2000 }, (response) => {
  response.on('data', (answer) => { console.log(String(answer)); process.exit(); });
});
request.on('error', () => process.exit());
request.on('timeout', () => process.exit());
`;

describe('docker', () => {
  it('has nothing to warn of in a network that apply has just created, with no container', async () => {
    const { node1 } = world.hosts;
    const { exitCode, stdout, stderr } = await mustredirect(node1, 'apply', '--yes');
    expect({ exitCode, warnings: `${stdout}${stderr}`.match(/^warning: .*/gm) }).toEqual({
      exitCode: 0,
      warnings: null,
    });
    expect(await mustSucceed(node1, 'doctor')).toContain('nothing found');
  });

  it('keeps the source through a restart of its daemon, which masquerades a network that was there before', async () => {
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork(network.name, network.subnet);
    const before = await world.containers.start('before', network.name);
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    const redirected = (address: string) => ({
      answer: `upstream saw ${addresses.uplink}`,
      sources: [address],
    });
    expect(await ask('before')).toEqual(redirected(before));
    await restartDockerd(node1);
    expect(await node1.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain(
      `-s ${network.subnet} ! -o br-`,
    );
    expect(await ask('before')).toEqual(redirected(before));
    const after = await world.containers.start('after', network.name);
    expect(await ask('after')).toEqual(redirected(after));
    await mustSucceed(node1, 'status', '--check');
    // Without mustredirect, masquerade is in effect.
    for (const host of [node1, gw1]) await mustSucceed(host, 'destroy', '--yes');
    expect(await ask('before')).toEqual({ answer: `isp saw ${addresses.node1}`, sources: [] });
  });

  it('accepts connections by the gateway to a port that the gateway publishes', async () => {
    const { node1, gw1, upstream } = world.hosts;
    await world.containers.createNetwork(network.name, network.subnet);
    const address = await world.containers.start('web', network.name);
    await world.containers.run('web', ['mkdir', '/www']);
    await world.containers.run('web', ['sh', '-c', 'echo from the container >/www/index.html']);
    await world.containers.run('web', ['httpd', '-p', '80', '-h', '/www']);
    const published = `${exampleFile('docker')}    publish:\n      - { port: 8080, to: ${address}, to_port: 80 }\n`;
    await gw1.files.replace(filePath, published);
    const call = async (): Promise<string> => {
      const argv = [process.execPath, '-e', caller, addresses.uplink];
      return (await upstream.exec.run(argv)).stdout.trim();
    };
    // Control: the node's file lacks the port, and docker drops the connection.
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    expect(await call()).toBe('');
    await node1.files.replace(filePath, published);
    const astray = await world.capture('isp', 'eth0', 'tcp');
    await mustSucceed(node1, 'apply', '--yes');
    expect(await call()).toBe('from the container');
    expect(await astray.stop()).toEqual([]);
    await mustSucceed(node1, 'status', '--check');
    await mustSucceed(node1, 'destroy', '--yes');
    expect(await node1.run(['iptables', '-S', 'DOCKER-USER'])).not.toContain('mustredirect');
  });

  it("forwards an external network despite docker's policy, by chain DOCKER-USER, until destroy", async () => {
    const { node1, gw1 } = world.hosts;
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile('external'))));
    await makeBridge(node1);
    // Control: docker drops packets that are forwarded for it, by any egress.
    expect(await askFrom(node1)).toBe('');
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
    expect(await askFrom(node1)).toBe(`upstream saw ${addresses.uplink}`);
    await restartDockerd(node1);
    await mustSucceed(node1, 'status', '--check');
    expect(await askFrom(node1)).toBe(`upstream saw ${addresses.uplink}`);

    await node1.run(['iptables', '-F', 'DOCKER-USER']);
    expect(await askFrom(node1)).toBe('');
    const checked = await mustredirect(node1, 'status', '--check');
    expect(checked.exitCode).toBe(3);
    expect(checked.stdout).toContain(`+ iptables filter DOCKER-USER: -s ${network.subnet} -o eth0 -j ACCEPT`);
    expect(await mustSucceed(node1, 'apply', '--yes')).toContain('iptables filter DOCKER-USER');
    expect(await askFrom(node1)).toBe(`upstream saw ${addresses.uplink}`);

    await node1.run(['iptables', '-A', 'DOCKER-USER', '-s', '10.99.0.0/24', '-j', 'RETURN']);
    await mustSucceed(node1, 'destroy', '--yes');
    expect((await node1.run(['iptables', '-S', 'DOCKER-USER'])).split('\n')).toEqual([
      '-N DOCKER-USER',
      '-A DOCKER-USER -s 10.99.0.0/24 -j RETURN',
    ]);
  });
});

/** Creates a bridge without an engine, with one container. */
async function makeBridge(host: TestHost): Promise<void> {
  const lines = [
    'link add mr0 type bridge',
    'address add 10.89.4.1/24 dev mr0',
    'link set mr0 up',
    'link add port type veth peer name eth0 netns web',
    'link set port master mr0 up',
  ];
  const inside = ['link set eth0 up', 'address add 10.89.4.2/24 dev eth0', 'route add default via 10.89.4.1'];
  await host.run(['ip', 'netns', 'add', 'web']);
  await host.run(['ip', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
  await host.run(['ip', '-netns', 'web', '-batch', '-'], {
    input: inside.map((line) => `${line}\n`).join(''),
  });
}

async function askFrom(host: TestHost): Promise<string> {
  const wget = ['timeout', '2', 'busybox', 'wget', '-qO-', `http://${addresses.internet}`];
  return (await host.exec.run(['ip', 'netns', 'exec', 'web', ...wget])).stdout.trim();
}
