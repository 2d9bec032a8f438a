/** Replies to containers, as docker 28.2 and later drop them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { bridgeOf, dropCalls, installLaterDocker, raw, withLaterDocker } from './later-docker.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;
let bridge: string;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'docker' });
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, exampleFile('docker'))));
  await installLaterDocker(node1);
  await world.containers.createNetwork(network.name, network.subnet);
  bridge = await bridgeOf(node1, network.name);
  await mustSucceed(gw1, 'apply', '--yes');
});

afterAll(() => world?.down());

function later(...args: readonly string[]) {
  return withLaterDocker(world.hosts.node1, ...args);
}

/** Starts a container, and adds the rules that the later docker adds for it. */
async function start(name: string): Promise<string> {
  const address = await world.containers.start(name, network.name);
  await dropCalls(world.hosts.node1, bridge, address);
  return address;
}

/** Replying host, and the sources seen on the gateway's link. */
async function ask(container: string): Promise<{ readonly answer: string; readonly sources: string[] }> {
  const lan = await world.capture('gw1', 'eth0', `tcp and dst host ${addresses.internet}`);
  const argv = ['timeout', '2', 'wget', '-qO-', `http://${addresses.internet}`];
  const answer = (await world.containers.run(container, argv)).stdout.trim();
  return { answer, sources: [...new Set((await lan.stop()).map(({ source }) => source))] };
}

const answered = (source: string) => ({ answer: `upstream saw ${addresses.uplink}`, sources: [source] });
const rule = `-d ${network.subnet} -i eth0 -j ACCEPT`;

describe('a docker network whose replies are dropped', () => {
  let web: string;

  it('control: gets no replies because of the drop', async () => {
    const { node1 } = world.hosts;
    web = await start('web');
    await mustSucceed(node1, 'apply', '--yes');
    expect(await ask('web')).toEqual({ answer: '', sources: [web] });
    await mustSucceed(node1, 'destroy', '--yes');
  });

  it('is blocked, and the commands to recreate it are shown', async () => {
    const { exitCode, stdout } = await later('apply', '--yes');
    expect(exitCode).toBe(3);
    expect(stdout).toContain(
      `network ${network.name}: docker 28.2.2 drops replies to ${network.subnet} on eth0`,
    );
    expect(stdout).toContain('--opt com.docker.network.bridge.trusted_host_interfaces=eth0');
    expect(stdout).toContain(`docker network connect --ip ${web} ${network.name} web`);
    expect(await raw(world.hosts.node1, '-S')).not.toContain('mustredirect');
  });

  it('gets replies with accept_replies, also in new containers', async () => {
    const { node1 } = world.hosts;
    const file = exampleFile('docker').replace(
      '    via: office',
      '    via: office\n    accept_replies: true',
    );
    await node1.files.replace(filePath, file);
    const { exitCode, stdout } = await later('apply', '--yes');
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain(`+ iptables raw PREROUTING: ${rule}`);
    expect(await ask('web')).toEqual(answered(web));
    const second = await start('second');
    expect(await ask('second')).toEqual(answered(second));
    expect((await later('status', '--check')).exitCode).toBe(0);
  });

  it('has our rule moved to the front of its chain when a drop precedes it', async () => {
    await raw(world.hosts.node1, '-I', 'PREROUTING', '-d', `${web}/32`, '!', '-i', bridge, '-j', 'DROP');
    expect((await ask('web')).answer).toBe('');
    const { exitCode, stdout } = await later('status', '--check');
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`~ iptables raw PREROUTING: ${rule}, first in its chain again`);
    await later('apply', '--yes');
    expect(await ask('web')).toEqual(answered(web));
  });

  it('is unchanged after destroy', async () => {
    expect((await later('destroy', '--yes')).exitCode).toBe(0);
    const left = await raw(world.hosts.node1, '-S', 'PREROUTING');
    expect(left).not.toContain('mustredirect');
    expect(left.split('\n').filter((line) => line.endsWith('-j DROP'))).toHaveLength(3);
    expect((await mustredirect(world.hosts.node1, 'status')).stdout).not.toContain('raw PREROUTING');
  });
});
